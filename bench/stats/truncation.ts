import { mean } from './moments.ts';
import { sumOfSquares } from './residuals.ts';

/**
 * How many of the first values still belong to the warm-up: the truncation that makes the standard error of what
 * remains smallest, over means of five values (MSER-5, White). At least five means are kept; null where there are not
 * that many. No more than `most` values are given up, where that is told.
 */
export function warmupTruncation(values: readonly number[], most = values.length): number | null {
  const means = Array.from({ length: Math.floor(values.length / batch) }, (_, index) =>
    mean(values.slice(index * batch, (index + 1) * batch)),
  );
  const candidates = Array.from({ length: Math.max(0, means.length - batch + 1) }, (_, dropped) => dropped)
    .filter((dropped) => dropped === 0 || dropped * batch <= most)
    .map((dropped) => ({
      dropped,
      error: squaredError(means.slice(dropped)),
    }));
  if (candidates.length === 0) return null;
  return candidates.reduce((best, candidate) => (candidate.error < best.error ? candidate : best)).dropped * batch;
}

const batch = 5;

function squaredError(means: readonly number[]): number {
  const centre = mean(means);
  return sumOfSquares(means.map((value) => value - centre)) / means.length ** 2;
}
