import type { Schedule } from '../pacing/schedule.ts';

/** A schedule set on the clock of this thread, its window, and the request that is next; reads no clock. */
export class ScheduleClock {
  readonly openNs: number;
  readonly closeNs: number;
  state: 'before' | 'open' | 'closed' = 'before';
  /** Infinity when nothing more is to be sent before the window closes. */
  nextNs = 0;
  /** Whether the rest of the schedule was given up before its end. */
  isGivenUp = false;
  readonly #schedule: Schedule;
  readonly #startNs: number;
  readonly #times: Iterator<number>;

  constructor(
    schedule: Schedule,
    { startNs, warmupNs, windowNs }: { startNs: number; warmupNs: number; windowNs: number },
  ) {
    this.#schedule = schedule;
    this.#startNs = startNs;
    this.openNs = startNs + warmupNs;
    this.closeNs = this.openNs + windowNs;
    this.#times = schedule[Symbol.iterator]();
    this.advance();
  }

  advance(): void {
    if (this.isGivenUp) return;
    const next = this.#times.next();
    const atNs = next.done === true ? Number.POSITIVE_INFINITY : this.#startNs + next.value;
    this.nextNs = atNs < this.closeNs ? atNs : Number.POSITIVE_INFINITY;
  }

  /** Whether that instant has come and all requests intended before it were taken. */
  passed(instantNs: number, nowNs: number): boolean {
    return nowNs >= instantNs && this.nextNs >= instantNs;
  }

  /** Sends nothing more: the client is too far behind to catch up. */
  giveUp(): void {
    this.nextNs = Number.POSITIVE_INFINITY;
    this.isGivenUp = true;
  }

  /** All instants at which something is to be done, ascending: each request's, and the window's edges. */
  *instants(): Generator<number> {
    const edges = [this.openNs, this.closeNs];
    for (const time of this.#schedule) {
      const atNs = this.#startNs + time;
      while (atNs >= (edges[0] ?? Number.POSITIVE_INFINITY)) yield edges.shift() ?? 0;
      if (edges.length === 0) return;
      yield atNs;
    }
    yield* edges;
  }
}
