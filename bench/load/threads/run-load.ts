import { availableParallelism } from 'node:os';
import { Crew } from './crew.ts';
import { type LoadPart, type LoadSpec, laneCountOf } from './load-spec.ts';
import { type DiagnosedLoad, type PartHooks, runPart } from './run-part.ts';
import { runTeam } from './team.ts';
import { findThreadCount, mostThreads } from './thread-count.ts';

export { Crew } from './crew.ts';
export type { LoadPacing, LoadSpec } from './load-spec.ts';
export type { ClientDiagnosis, DiagnosedLoad } from './run-part.ts';

/**
 * Runs one load in as many threads as asked and gives what all of them saw together. Failed requests are data, as in the
 * loops themselves. Rejects with the signal's reason, with a Failure that the transport or a lost thread gave, or with what
 * `onWindow` threw; all threads, those of a crew too, have ended then.
 */
export async function runLoad(spec: LoadSpec): Promise<DiagnosedLoad> {
  const { threads, signal, onWindow, crew, ...load } = spec;
  if (threads !== 'auto' && !(Number.isInteger(threads) && threads >= 1)) {
    throw new RangeError(`cannot send with ${threads} threads`);
  }
  await using own = new Crew();
  const means = { crew: crew ?? own, ...(signal === undefined ? {} : { signal }) };
  const threadCount = threads === 'auto' ? await chooseThreadCount(load, means) : threads;
  // Awaited here: the threads must not end before the load has.
  return await runWith(load, threadCount, { ...means, ...(onWindow === undefined ? {} : { onWindow }) });
}

type Means = Omit<PartHooks, 'team'> & { readonly crew: Crew };

/**
 * The threads that `auto` stands for: found with short loads of 1, 2, 4 ... threads, or 1 at once where the host has too few
 * processors for more. Who runs the same load many times chooses once: numbers from different counts do not compare.
 */
export async function chooseThreadCount(load: LoadPart, means: Pick<Means, 'crew' | 'signal'>): Promise<number> {
  return findThreadCount(mostThreads(laneCountOf(load.pacing), availableParallelism()), async (threadCount) => {
    const { client } = await runWith({ ...load, ...trial }, threadCount, means);
    return client.eventLoopUtilization;
  });
}

const trial = { warmup: { minimumNs: 50e6, minimumRequestCount: 1 }, windowNs: 100e6, limitsNs: [] };

async function runWith(load: LoadPart, threadCount: number, { crew, ...hooks }: Means): Promise<DiagnosedLoad> {
  const useful = Math.min(threadCount, laneCountOf(load.pacing));
  return useful > 1 ? runTeam(load, useful, hooks, crew) : (await runPart(load, hooks)).measurement;
}
