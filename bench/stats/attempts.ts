/**
 * The error of a further attempt on fresh data, where the one before had `alpha`: half of it. However often one goes on, all
 * attempts together stay below twice the first one's error, since a false claim is one of some attempt.
 */
export function alphaOfNext(alpha: number): number {
  return alpha / 2;
}
