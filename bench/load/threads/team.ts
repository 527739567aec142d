import { addAbortListener } from 'node:events';
import { Failure } from '../../failure.ts';
import type { Crew } from './crew.ts';
import { newMeeting } from './gate.ts';
import { askedOf, type LoadPacing, type LoadPart, laneCountOf, withLaneCount } from './load-spec.ts';
import type { LoadThread } from './load-thread.ts';
import { mergeParts, type TeamPart } from './merge.ts';
import type { DiagnosedLoad, PartHooks, PartResult } from './run-part.ts';
import { shareRequests } from './shared-requests.ts';
import { shareOfCount, shareOfRotation } from './split.ts';
import type { ThreadTask } from './worker.ts';

/**
 * Runs a load in so many threads of a crew, each with its connections and its histogram. Rejects with the signal's reason,
 * with what a thread failed with, or with what `onWindow` threw; all threads of the crew have ended then.
 */
export async function runTeam(
  load: LoadPart,
  threadCount: number,
  { signal, onWindow }: Omit<PartHooks, 'team'>,
  crew: Crew,
): Promise<DiagnosedLoad> {
  signal?.throwIfAborted();
  const ending = Promise.withResolvers<never>();
  using _abort = signal && addAbortListener(signal, () => ending.reject(signal.reason));
  const edges = new Edges(threadCount, (edge) => {
    try {
      onWindow?.(edge);
    } catch (error) {
      ending.reject(error);
    }
  });
  try {
    const parts = await Promise.race([runParts(load, crew.muster(threadCount), edges), ending.promise]);
    const [first, ...others] = parts;
    if (first === undefined) throw new Error('all threads of a load gave up, and none of them said why');
    return mergeParts([first, ...others], { threadCount, pacing: askedOf(load.pacing) });
  } catch (error) {
    await crew.dismiss();
    throw error;
  }
}

/** What the threads measured, without those that gave up. */
async function runParts(load: LoadPart, threads: readonly LoadThread[], edges: Edges): Promise<TeamPart[]> {
  const tasks = tasksOf(load, threads.length);
  const results = threads.map(async (thread, index): Promise<TeamPart | undefined> => {
    const task = tasks[index];
    if (task === undefined) throw new RangeError(`there is no part ${index} of the load`);
    const result = await thread.run(task, (edge) => edges.take(edge));
    const part = result && { ...result, laneCount: laneCountOf(task.part.pacing) };
    if (part !== undefined && isMeasured(part)) return part;
    // Without this one there is no measurement: the others need not go on, and would wait for it at the gate for ever.
    edges.take('close');
    for (const other of threads) if (other !== thread) other.giveUp();
    return part;
  });
  return (await Promise.all(results)).filter((part) => part !== undefined);
}

function tasksOf(load: LoadPart, threadCount: number): ThreadTask[] {
  const { requests, warmup, ...rest } = load;
  const meeting = newMeeting();
  const { memory, layout } = shareRequests(requests);
  const pacing = sharedPacing(load);
  return Array.from({ length: threadCount }, (_, index) => {
    const place = { index, threadCount };
    const laneCount = shareOfCount(laneCountOf(pacing), place);
    const minimumRequestCount = shareOfCount(warmup.minimumRequestCount, place);
    return {
      part: { ...rest, pacing: withLaneCount(pacing, laneCount), warmup: { ...warmup, minimumRequestCount } },
      requests: { memory, layout: shareOfRotation(layout.length, place).flatMap((at) => layout[at] ?? []) },
      meeting,
      place,
    };
  });
}

/** The same pacing with a trace's times in shared memory, as far as this load goes: other iterables cannot be posted. */
function sharedPacing({ pacing, warmup, windowNs }: LoadPart): LoadPacing {
  if (pacing.kind !== 'trace') return pacing;
  const times: number[] = [];
  for (const atNs of pacing.schedule) {
    if (atNs >= warmup.minimumNs + windowNs) break;
    if (times.length === sharedTimesMost) throw tooManyTimes(pacing.file);
    times.push(atNs);
  }
  const schedule = new Float64Array(new SharedArrayBuffer(times.length * Float64Array.BYTES_PER_ELEMENT));
  schedule.set(times);
  return { ...pacing, schedule };
}

/** 128 MiB, as a list and as shared memory for a moment twice that. */
const sharedTimesMost = 2 ** 24;

function tooManyTimes(file: string): Failure {
  const most = `${file} has more than ${sharedTimesMost} requests in one warm-up and window`;
  return new Failure('usage', 'trace', `${most}, which several threads cannot share`, {
    hint: 'send them from one thread, or measure for a shorter time',
  });
}

function isMeasured({ measurement }: PartResult): boolean {
  return measurement.window.closeNs > 0;
}

/** Makes of the edges of several windows those of one: open when all are, closed when the first is. */
class Edges {
  readonly #threadCount: number;
  readonly #tell: (edge: 'open' | 'close') => void;
  #openedCount = 0;
  #closed = false;

  constructor(threadCount: number, tell: (edge: 'open' | 'close') => void) {
    this.#threadCount = threadCount;
    this.#tell = tell;
  }

  take(edge: 'open' | 'close'): void {
    if (edge === 'open') {
      this.#openedCount += 1;
      if (this.#openedCount === this.#threadCount) this.#tell('open');
    } else if (this.#openedCount === this.#threadCount && !this.#closed) {
      this.#closed = true;
      this.#tell('close');
    }
  }
}
