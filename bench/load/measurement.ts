import type { ErrorKind } from './answers.ts';
import type { LatencyRecord } from './recorder.ts';

/** What the load generator saw in one window. All times in ns of one monotonic clock, counted from the start of the load. */
export type LoadMeasurement = {
  readonly startedAt: string;
  readonly warmup: {
    readonly durationNs: number;
    readonly requestCount: number;
    /** Latency of the request that was sent first after the variant came into force, its connection already made; 0 without one. */
    readonly firstRequestNs: number;
  };
  readonly window: { readonly openNs: number; readonly closeNs: number };
  /** Completions in the window, those at its first instant not counted. */
  readonly requestCount: number;
  readonly requestsPerSecond: number;
  readonly inferencesPerSecond: number;
  /** Sum over all requests, failed ones too, of their overlap with the window: at full pressure concurrency x window. */
  readonly outstandingIntegralNs: number;
  /** The same by concurrency x window; below 0.98 the client did not keep up its pressure. */
  readonly pressureRatio: number;
  readonly latency: LatencyRecord;
  /** Requests in the window above each limit that was asked about, in ns. */
  readonly aboveLimits: readonly { readonly limitNs: number; readonly count: number }[];
  readonly errors: Readonly<Partial<Record<ErrorKind, number>>>;
  /** Answers of the whole load, warm-up included, whose values were compared with the expected ones. */
  readonly checkedCount: number;
  readonly client: ClientCost;
};

/** What the measuring process itself needed in the window. */
export type ClientCost = {
  readonly cpuNs: number;
  readonly eventLoopUtilization: number;
  /** Share of the window in which the client's thread was runnable but another ran; null where the kernel does not tell. */
  readonly runQueueWaitRatio: number | null;
};
