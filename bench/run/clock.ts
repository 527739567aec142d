import { setTimeout as delay } from 'node:timers/promises';

/** Where a sweep has its time from: budgets and durations from `nowMs`, the times that a journal tells from `wallTime`. */
export type Clock = {
  /** Milliseconds that only go on, from any beginning. */
  nowMs(): number;
  wallTime(): Date;
  /** Rejects with the reason of `signal` where that is aborted meanwhile. */
  wait(durationMs: number, signal: AbortSignal): Promise<void>;
};

export const hostClock: Clock = {
  nowMs: () => performance.now(),
  wallTime: () => new Date(),
  wait: (durationMs, signal) => delay(durationMs, undefined, { signal }),
};
