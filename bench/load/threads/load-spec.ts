import type { Transport as TransportName } from '../../plan/plan.ts';
import type { PacingAsked } from '../measurement.ts';
import type { InFlightRule } from '../open-loop/account.ts';
import { constantRate, poisson, ramp, type Schedule } from '../pacing/schedule.ts';
import type { PreparedRequest } from '../rotation.ts';
import type { Target } from '../transport.ts';
import type { Crew } from './crew.ts';

/** One load, whole: what is sent where, at which pace and for how long. Plain data, so that a thread can be told. */
export type LoadPart = {
  readonly transport: TransportName;
  readonly target: Target;
  /** Outstanding requests of a thread share connections, where the protocol allows it. */
  readonly shared: boolean;
  /** Sent in rotation. */
  readonly requests: readonly PreparedRequest[];
  readonly pacing: LoadPacing;
  readonly batchSize: number;
  /** An open loop warms up for `minimumNs`, whatever is sent in it. */
  readonly warmup: { readonly minimumNs: number; readonly minimumRequestCount: number };
  readonly windowNs: number;
  /** Latency limits whose violations are counted. */
  readonly limitsNs: readonly number[];
  /** A closed loop keeps its timeline too. */
  readonly timeline?: boolean;
  /** A request that takes longer ends a closed loop and has failed in an open one; so does a connection. */
  readonly requestTimeoutNs: number;
  /** So long may nothing be answered before there is a window, as both loops say themselves. */
  readonly firstAnswerNs?: number;
  /** What is in flight when the window of a closed loop closes is waited for so long, as it says itself. */
  readonly drainNs?: number;
  /** So many failures end a closed loop, as it says itself; 100 where left out. An open loop always goes on. */
  readonly errorLimit?: number;
};

/** How requests follow one another, and what an open loop does that has many outstanding. */
export type LoadPacing = Extract<PacingAsked, { kind: 'closed' }> | OpenPacing;

export type OpenPacing = { readonly inFlight: InFlightRule } & (
  | Extract<PacingAsked, { kind: 'constant' | 'poisson' | 'ramp' }>
  /** The times are the file's, already read. */
  | (Extract<PacingAsked, { kind: 'trace' }> & { readonly schedule: Schedule })
);

export type LoadSpec = LoadPart & {
  /** Those that send: 1 is the caller's own, more are started for this load. `auto` takes as many as a short trial shows to be needed. */
  readonly threads: 'auto' | number;
  /** Threads that stay when the load has ended; without them its own are started and end with it. */
  readonly crew?: Crew;
  /** Ends the load early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called when the window has opened in all threads, and when it has closed in the first, or the load ended within it. */
  readonly onWindow?: (edge: 'open' | 'close') => void;
};

/** How many requests may be outstanding at once. */
export function laneCountOf(pacing: LoadPacing): number {
  return pacing.kind === 'closed' ? pacing.concurrency : pacing.inFlight.limit;
}

export function withLaneCount(pacing: LoadPacing, laneCount: number): LoadPacing {
  return pacing.kind === 'closed'
    ? { ...pacing, concurrency: laneCount }
    : { ...pacing, inFlight: { ...pacing.inFlight, limit: laneCount } };
}

export function scheduleOf(pacing: OpenPacing): Schedule {
  switch (pacing.kind) {
    case 'constant':
      return constantRate(pacing.requestsPerSecond);
    case 'poisson':
      return poisson(pacing.requestsPerSecond, pacing.seed);
    case 'ramp':
      return ramp(pacing.fromPerSecond, pacing.toPerSecond, pacing.durationNs);
    case 'trace':
      return pacing.schedule;
  }
}

/** What a measurement says of its pacing. */
export function askedOf(pacing: LoadPacing): PacingAsked {
  switch (pacing.kind) {
    case 'closed':
      return pacing;
    case 'trace':
      return { kind: 'trace', file: pacing.file };
    default: {
      const { inFlight, ...asked } = pacing;
      return asked;
    }
  }
}
