import { mean } from './moments.ts';
import { sumOfSquares } from './residuals.ts';

/** Each group around its own mean; null without a degree of freedom. */
export function pooledSd(groups: readonly (readonly number[])[]): number | null {
  const useful = groups.filter(({ length }) => length >= 2);
  const freedom = useful.reduce((sum, { length }) => sum + length - 1, 0);
  if (freedom === 0) return null;
  const squares = useful.map((values) => sumOfSquares(values.map((value) => value - mean(values))));
  return Math.sqrt(squares.reduce((sum, each) => sum + each, 0) / freedom);
}
