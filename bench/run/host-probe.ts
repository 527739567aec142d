/**
 * How fast this core computes right now: iterations of a fixed integer loop per microsecond, over 5 ms. It tells a host
 * that slowed down (throttling, a neighbour) from a variant that is slow.
 */
export function probeHost(): { readonly iterationsPerUs: number } {
  const start = performance.now();
  let state = 1;
  let rounds = 0;
  let elapsedMs = 0;
  while (elapsedMs < probeMs) {
    for (let index = 0; index < roundIterations; index += 1) state = (Math.imul(state, 1664525) + 1013904223) | 0;
    rounds += 1;
    elapsedMs = performance.now() - start;
  }
  // The state takes part in the result, or the compiler could leave the loop out.
  const iterations = rounds * roundIterations + (state === 0 ? 1 : 0);
  return { iterationsPerUs: iterations / (elapsedMs * 1_000) };
}

const probeMs = 5;
const roundIterations = 20_000;
