import type { ErrorKind } from './answers.ts';
import type { LatencyRecord } from './recorder.ts';
import type { Timeline } from './timeline.ts';

/** What the load generator saw in one window. All times in ns of one monotonic clock, counted from the start of the load. */
export type LoadMeasurement = {
  readonly startedAt: string;
  /** What was asked for; measurements from before open loops have none, and were closed loops. */
  readonly pacing: PacingAsked;
  readonly warmup: {
    readonly durationNs: number;
    readonly requestCount: number;
    /** Latency of the request that was sent first after the variant came into force, its connection already made; 0 without one. */
    readonly firstRequestNs: number;
  };
  /** Of a closed loop from completion to completion; of an open loop the intended times that count. */
  readonly window: { readonly openNs: number; readonly closeNs: number };
  /**
   * Closed loop: completions in the window, those at its first instant not counted. Open loop: the requests intended in
   * the window that were answered rightly, even after its end.
   */
  readonly requestCount: number;
  /** Completions per second in the window; in an open loop whichever requests they are of, so that it shows what was achieved. */
  readonly requestsPerSecond: number;
  readonly inferencesPerSecond: number;
  /** Sum over all requests, failed ones too, of their overlap with the window: at full pressure concurrency x window. */
  readonly outstandingIntegralNs: number;
  /**
   * The same by concurrency x window; below 0.98 the client did not keep up its pressure. An open loop keeps up no number
   * of requests, so it is 1 there; what tells whether its client kept up is `schedule.lateness`.
   */
  readonly pressureRatio: number;
  /** From the send in a closed loop, from the intended time in an open one. */
  readonly latency: LatencyRecord;
  /** Requests in the window above each limit that was asked about, in ns. */
  readonly aboveLimits: readonly { readonly limitNs: number; readonly count: number }[];
  readonly errors: Readonly<Partial<Record<ErrorKind, number>>>;
  /** Answers of the whole load, warm-up included, whose values were compared with the expected ones. */
  readonly checkedCount: number;
  readonly client: ClientCost;
  /** How the schedule of an open loop was kept; null in a closed loop. */
  readonly schedule: ScheduleKept | null;
  /** Only of a closed loop that was asked for it. */
  readonly timeline?: Timeline;
};

/** How requests were to follow one another. */
export type PacingAsked =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'constant'; readonly requestsPerSecond: number }
  | { readonly kind: 'poisson'; readonly requestsPerSecond: number; readonly seed: number }
  /** `file` as it was named by whoever asked. */
  | { readonly kind: 'trace'; readonly file: string }
  | {
      readonly kind: 'ramp';
      readonly fromPerSecond: number;
      readonly toPerSecond: number;
      readonly durationNs: number;
    };

/**
 * The requests whose intended times lie in the window, each in exactly one place:
 * `intendedCount` = `requestCount` (answered) + `failedCount` + `droppedCount`. Counts, records and backlogs of several
 * threads that split one schedule add up.
 */
export type ScheduleKept = {
  /** `intendedCount` by the length of the window. */
  readonly offeredPerSecond: number;
  readonly intendedCount: number;
  readonly sentCount: number;
  /** Never sent, as so many were outstanding that they would have had to wait (`whenFull: 'drop'`). */
  readonly droppedCount: number;
  /** Sent and failed, or given up while they waited to be sent; `errors` has the kinds, of the whole load. */
  readonly failedCount: number;
  /** Most requests outstanding at once. */
  readonly inFlightLimit: number;
  readonly whenFull: 'wait' | 'drop';
  /**
   * From the intended time to when the client turned to the request, of all that were intended: its own part of the latency.
   * What the server makes a request wait before it is sent (for a free place, for a connection that is not accepted
   * yet) is no part of it, nor of `service`.
   */
  readonly lateness: LatencyRecord;
  /** From the send to the answer, of all that were answered: what a tool with coordinated omission would show. */
  readonly service: LatencyRecord;
  /** Requests intended and neither answered, failed nor dropped when the window opened and when it closed. */
  readonly backlogAtOpen: number;
  readonly backlogAtClose: number;
  /** True where the client fell so far behind that it gave up the rest of the schedule, which is in none of the counts. */
  readonly isGivenUp?: true;
  /** The mean of that number as the requests found it, in each quarter of the window. */
  readonly meanBacklog: readonly [number, number, number, number];
};

/**
 * Whether the backlog grew all through the window: more was offered than is served. It rose from each quarter of the
 * window to the next, by more in all than a queue in balance varies; a rule of thumb, no test.
 */
export function backlogGrew({ meanBacklog }: Pick<ScheduleKept, 'meanBacklog'>): boolean {
  const [first, second, third, last] = meanBacklog;
  return first < second && second < third && third < last && last - first > 3 * Math.max(1, Math.sqrt(first));
}

/** What the measuring process itself needed in the window. */
export type ClientCost = {
  readonly cpuNs: number;
  readonly eventLoopUtilization: number;
  /** Share of the window in which the client's thread was runnable but another ran; null where the kernel does not tell. */
  readonly runQueueWaitRatio: number | null;
};
