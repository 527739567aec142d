import { incompleteBeta, lnGamma } from './beta.ts';

/**
 * P(T > t) of Student's t with `df` > 0 degrees of freedom (need not be whole); keeps its relative accuracy in the far
 * tail.
 */
export function studentUpperTail(t: number, df: number): number {
  if (!(df > 0)) throw new RangeError(`Student's t needs degrees of freedom above 0, not ${df}`);
  if (t < 0) return 1 - studentUpperTail(-t, df);
  const ratio = (t / Math.sqrt(df)) ** 2;
  return 0.5 * incompleteBeta(1 / (1 + ratio), df / 2, 0.5, ratio === Infinity ? 1 : ratio / (1 + ratio));
}

/** P(T <= t) of Student's t. For a small p value use `studentUpperTail`: 1 - cdf has no digits left there. */
export function studentCdf(t: number, df: number): number {
  return studentUpperTail(-t, df);
}

/**
 * The t that is exceeded with probability `tail`, 0 < tail < 1: Newton's method on ln P against ln t, kept inside a
 * bracket.
 */
export function studentUpperQuantile(tail: number, df: number): number {
  if (!(tail > 0 && tail < 1)) throw new RangeError(`a tail probability lies between 0 and 1, not ${tail}`);
  if (tail > 0.5) return -studentUpperQuantile(1 - tail, df);
  if (tail === 0.5) return 0;
  let { low, high } = bracket(tail, df);
  let t = high;
  for (let step = 0; step < 200; step++) {
    const excess = Math.log(studentUpperTail(t, df) / tail);
    if (excess > 0) low = t;
    else high = t;
    const slope = (-t * density(t, df)) / studentUpperTail(t, df);
    const newton = t * Math.exp(-excess / slope);
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - t) <= 1e-15 * t) return next;
    t = next;
  }
  return t;
}

/** The p quantile of Student's t, 0 < p < 1. */
export function studentQuantile(p: number, df: number): number {
  return p < 0.5 ? -studentUpperQuantile(p, df) : studentUpperQuantile(1 - p, df);
}

function bracket(tail: number, df: number): { low: number; high: number } {
  let high = 1;
  while (studentUpperTail(high, df) > tail && high < 1e150) high *= 2;
  let low = high / 2;
  while (studentUpperTail(low, df) < tail) low /= 2;
  return { low, high };
}

function density(t: number, df: number): number {
  const lnScale = lnGamma((df + 1) / 2) - lnGamma(df / 2) - 0.5 * Math.log(df * Math.PI);
  return Math.exp(lnScale - ((df + 1) / 2) * Math.log1p((t * t) / df));
}
