const farthestRatio = 0.5;

/**
 * The candidate a misspelt word most likely meant, or undefined where none is near: at most half of the longer word's
 * letters may differ. Letters' case, `-` and `_` count as equal; a tie goes to the candidate named first.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const asked = fold(word).slice(0, 100);
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = distanceBetween(asked, fold(candidate).slice(0, 100));
    const allowed = Math.floor(Math.max(asked.length, candidate.length) * farthestRatio);
    if (distance <= allowed && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** Letters inserted, left out, changed, or swapped with their neighbour, to get from one word to the other. */
export function distanceBetween(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const changed = from[row - 1] === to[column - 1] ? 0 : 1;
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + changed);
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll('-', '_');
}
