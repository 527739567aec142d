import { hrtimeNs } from '../open-loop/alarm-memory.ts';
import { nowNs } from '../transport.ts';
import type { WarmupGate } from '../warmup-gate.ts';

/** What brings the threads of one load together, in memory that they share. */
export type Meeting = {
  /** How many threads have arrived. */
  readonly arrived: Int32Array<SharedArrayBuffer>;
  /** When the schedule of an open loop starts, in ns of `process.hrtime`; 0 until the first thread has said it. */
  readonly startNs: BigInt64Array<SharedArrayBuffer>;
};

/** Time enough for all threads to see that the gate is open. */
const startLeadNs = 10_000_000n;

export function newMeeting(): Meeting {
  return {
    arrived: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    startNs: new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)),
  };
}

/** One thread's side of the gate for `threadCount` threads: open when all have arrived. */
export function meetingGate({ arrived }: Meeting, threadCount: number): WarmupGate {
  return {
    arrived: () => void Atomics.add(arrived, 0, 1),
    open: () => Atomics.load(arrived, 0) >= threadCount,
  };
}

/** The common start by this thread's own `nowNs`; whoever asks first fixes it, some ms ahead. */
export function meetingStartNs({ startNs }: Meeting): number {
  const proposed = process.hrtime.bigint() + startLeadNs;
  const fixed = Atomics.compareExchange(startNs, 0, 0n, proposed);
  return Number(fixed === 0n ? proposed : fixed) - clockOffsetNs();
}

/** What `nowNs` lacks to the clock of all threads. The least of several readings is the one without a pause in between. */
function clockOffsetNs(): number {
  return Math.min(
    ...Array.from({ length: 9 }, () => {
      const earlierNs = nowNs();
      return hrtimeNs() - earlierNs;
    }),
  );
}
