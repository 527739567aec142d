import { parentPort } from 'node:worker_threads';
import { exitCodes, Failure } from '../../failure.ts';
import { type Meeting, meetingGate, meetingStartNs } from './gate.ts';
import type { LoadPart } from './load-spec.ts';
import { type PartResult, runPart } from './run-part.ts';
import { type SharedRequests, sharedRequests } from './shared-requests.ts';
import type { ThreadPlace } from './split.ts';

/** One thread's part of a load. */
export type ThreadTask = {
  readonly part: Omit<LoadPart, 'requests'>;
  readonly requests: SharedRequests;
  readonly meeting: Meeting;
  readonly place: ThreadPlace;
};

/** What a thread is told: a task, one at a time, or to give up the one that it has. */
export type ThreadOrder = { readonly kind: 'task'; readonly task: ThreadTask } | { readonly kind: 'give-up' };

/** What a thread says; one of the last three ends its task. */
export type ThreadWord =
  | { readonly kind: 'edge'; readonly edge: 'open' | 'close' }
  | { readonly kind: 'measured'; readonly result: PartResult }
  | { readonly kind: 'gave-up' }
  | { readonly kind: 'failed'; readonly failure: PlainFailure };

/** A Failure as it can be posted: its class does not go along. */
export type PlainFailure = {
  readonly exit: Exclude<keyof typeof exitCodes, 'done' | 'bug'>;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
};

let givingUp = new AbortController();

parentPort?.on('message', (order: ThreadOrder) => {
  if (order.kind === 'give-up') givingUp.abort();
  else void carryOut(order.task);
});

/** What is thrown here and is no Failure is a bug: it ends the thread, whose owner then learns of it. */
async function carryOut({ part, requests, meeting, place }: ThreadTask): Promise<void> {
  givingUp = new AbortController();
  const { signal } = givingUp;
  try {
    const result = await runPart(
      { ...part, requests: sharedRequests(requests) },
      {
        team: {
          ...place,
          gate: meetingGate(meeting, place.threadCount),
          startNs: () => meetingStartNs(meeting),
        },
        signal,
        onWindow: (edge) => tell({ kind: 'edge', edge }),
      },
    );
    tell({ kind: 'measured', result });
  } catch (error) {
    if (signal.aborted) tell({ kind: 'gave-up' });
    else if (error instanceof Failure) tell({ kind: 'failed', failure: plain(error) });
    else throw error;
  }
}

function tell(word: ThreadWord): void {
  parentPort?.postMessage(word);
}

function plain({ exitCode, code, message, hint }: Failure): PlainFailure {
  const exit = Object.entries(exitCodes).find(([, value]) => value === exitCode)?.[0] as PlainFailure['exit'];
  return { exit, code, message, hint: hint ?? null };
}
