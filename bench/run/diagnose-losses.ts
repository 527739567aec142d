import { baselineId, type Objective } from '../plan/plan.ts';
import { change, share } from '../report/format.ts';
import { mean } from '../stats/moments.ts';
import { differences, pairedDifference } from '../stats/paired.ts';
import { studentUpperQuantile } from '../stats/student.ts';
import type { Decision } from './decision.ts';
import type { Finding } from './finding.ts';
import { failedCount, type History, type HistoryBlock, type MeasuredSlice, validSlices } from './history.ts';
import { scoreOf } from './score.ts';
import { makeBlockValue, metricOf } from './values.ts';

/** Smaller differences of the shares that are left out move no gain by much. */
const differenceLeast = 0.05;
const blocksLeast = 3;
/** Of all comparisons with the baseline together. */
const alpha = 0.01;

/**
 * Variants of which many more slices, or many fewer, were left out than of the baseline although they had answers: the client
 * waited for a processor. A variant that takes the client's processor loses its worst moments in this way, so that validity
 * depends on the value after all.
 */
export function diagnoseLosses(objective: Objective, history: History, { stage, arms }: Decision): Finding[] {
  const blocks = history.blocks.filter((block) => block.stage === stage);
  const others = arms.filter(({ id }) => id !== baselineId);
  if (blocks.length < blocksLeast || others.length === arms.length) return [];
  const baseline = lossesOf(blocks, baselineId);
  const limit = studentUpperQuantile(alpha / (2 * others.length), blocks.length - 1);
  return others.flatMap(({ id, y }) => {
    const own = lossesOf(blocks, id);
    const { mean: difference, se } = pairedDifference(own, baseline);
    if (Math.abs(difference) < differenceLeast || Math.abs(difference) <= limit * se) return [];
    const seen = differences(y, arms.find((arm) => arm.id === baselineId)?.y ?? []);
    const gain = change(Math.expm1(mean(seen)));
    const whole = change(Math.expm1(wholeGain(blocks, id, objective)));
    const value = `${share(mean(own))} against ${share(mean(baseline))}, gain ${whole} with them counted in, ${gain} without`;
    return [{ ...(difference > 0 ? ofVariant : ofBaseline), variantId: id, value }];
  });
}

const ofVariant = {
  kind: 'lost slices',
  what: 'many more slices than of the baseline were left out since the client waited for a processor, so that it is seen at its better moments',
  advice:
    'Do not rely on its gain: give the client processors of its own (placement), or another host, and measure again.',
};
const ofBaseline = {
  kind: 'lost slices of the baseline',
  what: 'many fewer slices than of the baseline were left out since the client waited for a processor, so that the baseline is seen at its better moments',
  advice: 'Gains may be larger than they seem: give the client processors of its own (placement), and measure again.',
};

/** By block: the share of a variant's slices that were left out although they had answers, and none that failed. */
function lossesOf(blocks: readonly HistoryBlock[], id: string): number[] {
  return blocks.map(({ slices }) => {
    const lost = lostOf(slices, id).length;
    return lost === 0 ? 0 : lost / (lost + validSlices(slices, id).length);
  });
}

function lostOf(slices: HistoryBlock['slices'], id: string): MeasuredSlice[] {
  return slices.filter(
    (line): line is MeasuredSlice =>
      line.status === 'measured' &&
      line.slice.variantId === id &&
      line.measurement.invalid.length > 0 &&
      line.measurement.requestCount > 0 &&
      failedCount(line) === 0,
  );
}

/** ln of the gain over the baseline from all slices that have answers. */
function wholeGain(blocks: readonly HistoryBlock[], id: string, objective: Objective): number {
  const score = ({ block, slices }: HistoryBlock, of: string): number => {
    const value = makeBlockValue(block, [...validSlices(slices, of), ...lostOf(slices, of)], []);
    return scoreOf(objective, (metric) => metricOf(value, metric));
  };
  return mean(blocks.map((each) => score(each, id) - score(each, baselineId)));
}
