/** What a short load with so many threads showed of the busiest of them. */
export type ThreadTrial = { readonly threadCount: number; readonly eventLoopUtilization: number };

/** Above it a thread has too little left for bursts, and its own line adds to the latencies. */
const crowdedUtilization = 0.7;

/**
 * The most threads worth starting by itself: half of the processors belong to the server, and a thread with nothing
 * outstanding does nothing. `laneCount` is how many requests may be outstanding.
 */
export function mostThreads(laneCount: number, processorCount: number): number {
  return Math.max(1, Math.min(laneCount, Math.floor(processorCount / 2)));
}

/** How many threads to go on with after a trial: the same number where it was enough, or where there cannot be more. */
export function nextThreadCount({ threadCount, eventLoopUtilization }: ThreadTrial, most: number): number {
  return eventLoopUtilization > crowdedUtilization
    ? Math.min(2 * threadCount, Math.max(most, threadCount))
    : threadCount;
}

/** Tries 1, 2, 4 ... threads until they are enough or `most`; no trial where one is all there can be. */
export async function findThreadCount(most: number, trial: (threadCount: number) => Promise<number>): Promise<number> {
  let threadCount = 1;
  while (threadCount < most) {
    const next = nextThreadCount({ threadCount, eventLoopUtilization: await trial(threadCount) }, most);
    if (next === threadCount) break;
    threadCount = next;
  }
  return threadCount;
}
