import { readFile } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { type HostClock, hostClockFiles, parsePressure, parseStat, shareOf } from './host-clock.ts';

/** What was seen of one thread of the client while its window was open, beyond what it cost. */
export type ClientSigns = {
  /** How late the event loop came to a timer; null where the window was shorter than its period. Good to about 1 ms. */
  readonly eventLoopDelay: { readonly p50Ns: number; readonly p99Ns: number; readonly maxNs: number } | null;
  /** Pauses of this client for garbage collection: they are in the latencies, and are not the server's. */
  readonly gc: GcPauses;
  /** Share of the host's processor time that its hypervisor gave to others; null where the kernel does not tell. */
  readonly stealRatio: number | null;
  /** Share of the time in which some process of the host waited for a processor; null where the kernel does not tell. */
  readonly cpuPressureRatio: number | null;
};

export type GcPauses = { readonly count: number; readonly totalNs: number; readonly maxNs: number };

const delayPeriodMs = 5;

type DelayMonitor = ReturnType<typeof monitorEventLoopDelay>;

/** Watches this thread from `open` to `close`. Made before the load, so that nothing is set up while it is measured. */
export class ClientWatch implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: delayPeriodMs });
  readonly #observer = new PerformanceObserver((list) => this.#addPauses(list.getEntries()));
  readonly #openClock: Partial<HostClock> = {};
  readonly #closeClock: Partial<HostClock> = {};
  #openMs = Number.POSITIVE_INFINITY;
  #closeMs = Number.POSITIVE_INFINITY;
  #gc = { count: 0, totalNs: 0, maxNs: 0 };
  #delaySigns: ClientSigns['eventLoopDelay'] = null;
  #clockRead: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#delay.enable();
    this.#observer.observe({ type: 'gc' });
  }

  open(): void {
    this.#openMs = performance.now();
    this.#delay.reset();
    this.#clockRead = readClock(this.#openClock);
  }

  close(): void {
    this.#closeMs = performance.now();
    this.#delaySigns = this.#delay.count === 0 ? null : delaySigns(this.#delay);
    this.#clockRead = Promise.all([this.#clockRead, readClock(this.#closeClock)]);
  }

  /** Call once the load has ended; all null and zero where the window was not opened and closed. */
  async signs(): Promise<ClientSigns> {
    await this.#clockRead;
    // Pauses are told of two turns of the event loop after they were.
    await turn();
    await turn();
    this.#addPauses(this.#observer.takeRecords());
    const [open, close] = [this.#openClock, this.#closeClock];
    return {
      eventLoopDelay: this.#delaySigns,
      gc: this.#gc,
      stealRatio: shareOf(open.stat, close.stat),
      cpuPressureRatio: shareOf(open.pressure, close.pressure),
    };
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
    this.#observer.disconnect();
  }

  #addPauses(entries: readonly { readonly startTime: number; readonly duration: number }[]): void {
    for (const { startTime, duration } of entries) {
      if (startTime + duration < this.#openMs || startTime > this.#closeMs) continue;
      const pauseNs = duration * 1e6;
      const { count, totalNs, maxNs } = this.#gc;
      this.#gc = { count: count + 1, totalNs: totalNs + pauseNs, maxNs: Math.max(maxNs, pauseNs) };
    }
  }
}

/** The monitor records the whole time between two rings of its timer. */
function delaySigns(delay: DelayMonitor): NonNullable<ClientSigns['eventLoopDelay']> {
  const beyond = (ns: number): number => Math.max(0, ns - delayPeriodMs * 1e6);
  return { p50Ns: beyond(delay.percentile(50)), p99Ns: beyond(delay.percentile(99)), maxNs: beyond(delay.max) };
}

/** Away from the event loop: on hosts with many processors the kernel takes up to a millisecond over them. */
async function readClock(clock: Partial<HostClock>): Promise<void> {
  const read = (file: string): Promise<string> =>
    new Promise((resolve) => readFile(file, 'latin1', (error, text) => resolve(error === null ? text : '')));
  const [stat, pressure] = await Promise.all([read(hostClockFiles.stat), read(hostClockFiles.pressure)]);
  clock.stat = parseStat(stat);
  clock.pressure = parsePressure(pressure, performance.now());
}
