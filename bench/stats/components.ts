import { mean } from './moments.ts';
import { blockModel, sumOfSquares } from './residuals.ts';

/**
 * A sum of squares of ln values whose expectation is `freedom` x (`block` x the variance between blocks + `slice` x the
 * variance between slices): what a pilot or an earlier run says of a host's noise.
 */
export type Evidence = {
  readonly squares: number;
  readonly freedom: number;
  readonly block: 0 | 1;
  readonly slice: number;
};

/** What evidence makes of the noise: for each ratio of the two variances its weight and the variance between slices. */
export type Noise = {
  readonly freedom: number;
  readonly weighed: readonly { readonly ratio: number; readonly weight: number; readonly sliceVariance: number }[];
};

/** By variant, then server process, then slice: ln values of equal variants but for a factor of each. */
type Cells = readonly (readonly (readonly number[])[])[];

/**
 * Of the slices around the mean of their variant and process; and of those means, once each variant's and each process's
 * level is taken out, as far as there is a process in which all variants were measured.
 */
export function evidenceOf(cells: Cells): Evidence[] {
  const filled = cells.flat().filter(({ length }) => length > 0);
  const within = filled.flatMap((values) => values.map((value) => value - mean(values)));
  const inside = { squares: sumOfSquares(within), freedom: within.length - filled.length, block: 0, slice: 1 } as const;
  const processes = (cells[0] ?? []).map((_, process) => cells.map((own) => own[process] ?? []));
  const complete = processes.filter((own) => own.every(({ length }) => length > 0));
  const model = blockModel(cells.map((_, arm) => complete.map((own) => mean(own[arm] ?? []))));
  const between =
    model === null
      ? []
      : [
          {
            squares: model.residualSd ** 2 * model.degreesOfFreedom,
            freedom: model.degreesOfFreedom,
            block: 1,
            slice: mean(complete.flat().map(({ length }) => 1 / length)),
          } as const,
        ];
  return [inside, ...between].filter(({ freedom }) => freedom > 0);
}

/**
 * What was thought of the ratio of the variance between blocks to that between slices before anything was measured: that
 * most of the noise lies in the slices, as it did on the hosts that were looked at. A pilot of two or three server processes
 * alone could not tell it from nothing.
 */
const thought = [
  { ratio: 0, weight: 0.4 },
  { ratio: 1 / 64, weight: 0.2 },
  { ratio: 1 / 16, weight: 0.2 },
  { ratio: 1 / 4, weight: 0.13 },
  { ratio: 1, weight: 0.05 },
  { ratio: 4, weight: 0.02 },
] as const;

/**
 * Weighs the ratios by how well the evidence agrees with each, the variance between slices integrated out (normal noise,
 * nothing known of its size). Null without a degree of freedom.
 */
export function noiseFrom(evidence: readonly Evidence[]): Noise | null {
  const freedom = evidence.reduce((sum, each) => sum + each.freedom, 0);
  if (freedom === 0) return null;
  const tried = thought.map(({ ratio, weight }) => {
    const told = evidence.filter(({ block, slice }) => ratio * block + slice > 0);
    const squares = told.reduce((sum, each) => sum + each.squares / expected(each, ratio), 0);
    const density = told.reduce((sum, each) => sum - (each.freedom / 2) * Math.log(expected(each, ratio)), 0);
    // Where nothing varies, as under a fake clock, no ratio is likelier than another.
    const fit = squares === 0 ? 0 : (-freedom / 2) * Math.log(squares);
    return { ratio, sliceVariance: squares / freedom, logWeight: Math.log(weight) + density + fit };
  });
  const best = Math.max(...tried.map(({ logWeight }) => logWeight));
  const weights = tried.map(({ logWeight }) => Math.exp(logWeight - best));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    freedom,
    weighed: tried.map(({ ratio, sliceVariance }, index) => ({
      ratio,
      sliceVariance,
      weight: (weights[index] ?? 0) / total,
    })),
  };
}

/** Noise that is known, all of it in the slices. */
export function exactNoise(sliceSd: number): Noise {
  return {
    freedom: Number.POSITIVE_INFINITY,
    weighed: [{ ratio: 0, sliceVariance: sliceSd ** 2, weight: 1 }],
  };
}

/** Standard deviation of one variant in one block, and the degrees of freedom with which it is known. */
export type ResidualNoise = { readonly residualSd: number; readonly freedom: number };

/** Of blocks with so many slices of each variant: sqrt(slice variance / slices + block variance), and how sure that is. */
export function residualNoise({ freedom, weighed }: Noise, slices: number): ResidualNoise {
  const logs = weighed.map(({ ratio, sliceVariance, weight }) => ({
    weight,
    value: Math.log(sliceVariance * (ratio + 1 / slices)),
  }));
  const centre = logs.reduce((sum, { weight, value }) => sum + weight * value, 0);
  if (centre === Number.NEGATIVE_INFINITY) return { residualSd: 0, freedom: Number.POSITIVE_INFINITY };
  const spread = logs.reduce((sum, { weight, value }) => sum + weight * (value - centre) ** 2, 0);
  if (spread === 0) return { residualSd: Math.exp(centre / 2), freedom };
  const fewer = freedomOf(logVariance(freedom) + spread);
  // What has fewer degrees of freedom is expected to be further below the truth, on the log scale.
  return { residualSd: Math.exp((centre + 1 / freedom - 1 / fewer) / 2), freedom: fewer };
}

/** Of the log of an estimated variance with so many degrees of freedom: the trigamma function of half of them, nearly. */
function logVariance(freedom: number): number {
  return 2 / freedom + 2 / freedom ** 2;
}

function freedomOf(variance: number): number {
  return (1 + Math.sqrt(1 + 2 * variance)) / variance;
}

/** The two standard deviations, for people. */
export function deviations({ weighed }: Noise): { readonly sliceSd: number; readonly blockSd: number } {
  const average = (of: (each: Noise['weighed'][number]) => number): number =>
    weighed.reduce((sum, each) => sum + each.weight * of(each), 0);
  return {
    sliceSd: Math.sqrt(average(({ sliceVariance }) => sliceVariance)),
    blockSd: Math.sqrt(average(({ sliceVariance, ratio }) => sliceVariance * ratio)),
  };
}

function expected({ block, slice }: Evidence, ratio: number): number {
  return block * ratio + slice;
}
