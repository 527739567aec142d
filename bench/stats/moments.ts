/** Natural logs that agree to this differ by rounding only, as they do under a fake clock. */
export const roundingError = 1e-12;

/**
 * The mean of at least one value. Summed as differences to the first value, so that equal values have exactly that mean
 * and a standard deviation of exactly 0.
 */
export function mean(values: readonly number[]): number {
  const [first] = values;
  if (first === undefined) throw new RangeError('the mean of no values');
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}

/** The sample standard deviation (n - 1 in the denominator) of at least two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) throw new RangeError('a standard deviation needs two values');
  return Math.sqrt(squaredDeviations(values) / (values.length - 1));
}

/** The lag-1 autocorrelation of a sequence in time order; 0 where nothing varies. */
export function lagOne(values: readonly number[]): number {
  const total = squaredDeviations(values);
  if (total === 0) return 0;
  const centre = mean(values);
  let products = 0;
  let previous: number | undefined;
  for (const value of values) {
    if (previous !== undefined) products += (previous - centre) * (value - centre);
    previous = value;
  }
  return products / total;
}

function squaredDeviations(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
}
