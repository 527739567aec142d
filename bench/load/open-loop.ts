import { addAbortListener } from 'node:events';
import type { LoadMeasurement } from './measurement.ts';
import type { AccountOptions, InFlightRule } from './open-loop/account.ts';
import { Alarm, longestLeadNs } from './open-loop/alarm.ts';
import { OpenLoopRun } from './open-loop/run.ts';
import type { Schedule } from './pacing/schedule.ts';
import type { PreparedRequest } from './rotation.ts';
import type { Carrier } from './transport.ts';
import type { WarmupGate } from './warmup-gate.ts';

export type OpenLoop = AccountOptions & {
  /** Not disposed of here. */
  readonly carrier: Carrier;
  /** Sent in rotation over all connections. */
  readonly requests: readonly PreparedRequest[];
  /** Its times count from the start of the schedule; what lies behind the window is never sent. */
  readonly schedule: Schedule;
  /** The part of the schedule before the window. */
  readonly warmupNs: number;
  /** A request that takes longer, from its intended time, has failed; so has one that waited that long to be sent. */
  readonly requestTimeoutNs: number;
  /**
   * First requests of which none was answered for so long end the load; what waits then is a time-out. Without an end where left
   * out.
   */
  readonly firstAnswerNs?: number;
  /** Connections made, with one request each, before the schedule starts; more follow as they are needed. 16 where left out. */
  readonly firstLaneCount?: number;
  /** Keeps the schedule from starting until other threads have their connections too; no request is sent meanwhile. */
  readonly gate?: WarmupGate;
  /**
   * When the schedule starts, by `nowNs()` of this thread: asked for once, when the gate is open. Threads that send parts
   * of one schedule must be given the same instant, some ms ahead. 1 ms ahead where left out.
   */
  readonly startNs?: () => number;
  /** Ends the load early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called when the window opens and when it closes; load goes on meanwhile. */
  readonly onWindow?: (edge: 'open' | 'close') => void;
};

/**
 * Requests are sent when they are intended, however many are outstanding. A limit there is all the same: each takes a
 * connection, and more than that tell nothing that 4096 do not. What is beyond it is dropped and counted.
 */
export const unboundedInFlight: InFlightRule = { limit: 4096, whenFull: 'drop' };

/**
 * Sends requests at the times of a schedule, whatever becomes of those before them, and measures from the intended times:
 * a server that stalls is charged with every request that should have been sent meanwhile.
 *
 * The end of a run has one rule, the same for all protocols: nothing is sent that was intended after the window, and each
 * request intended before its end is waited for up to the time-out, and counted as answered, failed or dropped.
 *
 * Failed requests are data. Only where the first requests, one on each of the first connections, fail throughout or time
 * out does the load end before its schedule began: the measurement is then all zero but for `errors` and `warmup`.
 */
export async function runOpenLoop(options: OpenLoop): Promise<LoadMeasurement> {
  const { signal } = options;
  signal?.throwIfAborted();
  using run = new OpenLoopRun(options);
  using _abort = signal && addAbortListener(signal, () => run.stop(signal.reason));
  await using alarm = await Alarm.start(() => run.due(longestLeadNs));
  return await run.measure(alarm);
}
