import type { Phase, ServerCounters } from '../../kserve/statistics.ts';

/** Where the time of a mean request went, in ns, from the server's own counters; `network` is what they leave of the client's mean. */
export type ServerShare = {
  readonly requestCount: number;
  readonly meanNs: number;
  readonly queueNs: number;
  readonly computeInputNs: number;
  readonly computeInferNs: number;
  readonly computeOutputNs: number;
  readonly networkNs: number;
  /** Inferences in one execution of the model; null where the server counted no execution. */
  readonly meanBatch: number | null;
  readonly cacheHitCount: number;
};

/** What the client saw in the same windows: its mean from the send to the answer, and how many answers. */
export type ClientShare = { readonly meanNs: number | null; readonly requestCount: number };

export type ServerSeen =
  | { readonly share: ServerShare; readonly note: string | null }
  | { readonly share: null; readonly note: string };

/** The server counts what was answered between two readings, the client what lies in its window: their means differ by that. */
const slackRatio = 1.05;
/** Readings are a little apart from the window's edges, so that the server may count some more. */
const othersRatio = 1.5;
const othersLeast = 200;

const restarted = 'it was restarted, or the model loaded again; its counters are left out';

/** The server's part of one or several windows; counters that cannot be are discarded, and `note` says so. */
export function serverShare(windows: readonly (ServerCounters | null)[], client: ClientShare): ServerSeen {
  const known = windows.filter((counters) => counters !== null);
  if (known.length === 0 || known.length < windows.length) return unknown('the server did not tell its statistics');
  if (known.some((counters) => phasesOf(counters).some(({ count, ns }) => count < 0 || ns < 0))) {
    return unknown(`the server's counters went back while it was measured: ${restarted}`);
  }
  const sum = (of: (counters: ServerCounters) => number): number => known.reduce((total, each) => total + of(each), 0);
  const requestCount = sum(({ success }) => success.count);
  if (!Number.isSafeInteger(requestCount))
    return unknown('the server counted more than can be: its counters are left out');
  if (requestCount === 0 || client.meanNs === null) return unknown('the server counted no request of this load');
  // Counters that began anew in mid-window may have passed the old ones by its end.
  if (requestCount * othersRatio + othersLeast < client.requestCount) {
    return unknown(
      `the server counted ${requestCount} requests where this load measured ${client.requestCount}: ${restarted}`,
    );
  }
  const mean = (of: (counters: ServerCounters) => Phase): number => sum((each) => of(each).ns) / requestCount;
  const phases = {
    queueNs: mean(({ queue }) => queue),
    computeInputNs: mean(({ computeInput }) => computeInput),
    computeInferNs: mean(({ computeInfer }) => computeInfer),
    computeOutputNs: mean(({ computeOutput }) => computeOutput),
  };
  const servedNs = phases.queueNs + phases.computeInputNs + phases.computeInferNs + phases.computeOutputNs;
  const successNs = mean(({ success }) => success);
  if (Math.max(servedNs, successNs) > client.meanNs * slackRatio) {
    return unknown(
      'the server counted more time for a request than the client waited for it: its counters are left out',
    );
  }
  const executionCount = sum((each) => each.executionCount);
  const others = requestCount > client.requestCount * othersRatio + othersLeast;
  return {
    share: {
      requestCount,
      meanNs: successNs,
      ...phases,
      networkNs: Math.max(0, client.meanNs - servedNs),
      meanBatch: executionCount > 0 ? sum((each) => each.inferenceCount) / executionCount : null,
      cacheHitCount: sum((each) => each.cacheHitCount),
    },
    note: others
      ? `the server counted ${requestCount} requests where this load measured ${client.requestCount}: others use the model too`
      : null,
  };
}

function phasesOf(counters: ServerCounters): Phase[] {
  const { success, queue, computeInput, computeInfer, computeOutput } = counters;
  const executions = { count: counters.executionCount, ns: counters.inferenceCount };
  const hits = { count: counters.cacheHitCount, ns: 0 };
  return [success, queue, computeInput, computeInfer, computeOutput, executions, hits];
}

function unknown(note: string): ServerSeen {
  return { share: null, note };
}
