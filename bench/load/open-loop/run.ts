import type { ErrorKind } from '../answers.ts';
import type { Lane, LaneLoad } from '../lane.ts';
import type { LoadMeasurement } from '../measurement.ts';
import type { OpenLoop } from '../open-loop.ts';
import { type Question, Rotation } from '../rotation.ts';
import { type Carrier, nowNs } from '../transport.ts';
import { OpenLoopAccount } from './account.ts';
import type { Alarm } from './alarm.ts';
import { FirstRequests } from './first-requests.ts';
import { LanePool } from './lane-pool.ts';
import { Line } from './line.ts';
import { whatWasMeasured } from './measured.ts';
import { ScheduleClock } from './schedule-clock.ts';
import { WindowEdges } from './window-edges.ts';

const firstLanesDefault = 16;
const tickMs = 20;
/** The client itself stood still that long: sockets may hold answers that have not been read, so nothing is timed out yet. */
const stalledMs = 100;
const gateMs = 1;
/** So many sends at a time: a client that fell behind must still read answers. */
const sendsPerTurn = 64;

/** A client that is that far behind its schedule, or a whole window, will not catch up: the rest is not sent. */
const behindLeastNs = 1e9;

/** One open loop from its first connection to its last answer. */
export class OpenLoopRun implements LaneLoad, Disposable {
  readonly carrier: Carrier;
  readonly #options: OpenLoop;
  readonly #rotation: Rotation;
  readonly #pool: LanePool;
  readonly #first: FirstRequests;
  readonly #line = new Line();
  readonly #errors: Partial<Record<ErrorKind, number>> = {};
  readonly #startedAt = new Date().toISOString();
  readonly #startNs = nowNs();
  readonly #end = Promise.withResolvers<void>();
  #phase: 'connecting' | 'gate' | 'sending' | 'draining' | 'over' = 'connecting';
  #clock: ScheduleClock | undefined;
  #account: OpenLoopAccount;
  #alarm: Alarm | undefined;
  #verifiedCount = 0;
  #lastTickNs = this.#startNs;
  #ticker: NodeJS.Timeout | undefined;
  #gateTimer: NodeJS.Timeout | undefined;
  #again: NodeJS.Immediate | undefined;
  readonly #edges: WindowEdges;

  constructor(options: OpenLoop) {
    const { limit } = options.inFlight;
    if (!(limit >= 1)) throw new RangeError(`cannot have ${limit} requests outstanding`);
    if (!(options.windowNs > 0)) throw new RangeError(`cannot measure in ${options.windowNs} ns`);
    this.#options = options;
    this.#edges = new WindowEdges(options.onWindow, (error) => this.stop(error));
    this.carrier = options.carrier;
    this.#rotation = new Rotation(options.requests);
    this.#pool = new LanePool(this, limit);
    this.#first = new FirstRequests(Math.max(1, Math.min(limit, options.firstLaneCount ?? firstLanesDefault)));
    this.#account = new OpenLoopAccount(options, Number.POSITIVE_INFINITY);
    // It may be rejected before anyone awaits it.
    this.#end.promise.catch(() => undefined);
  }

  async measure(alarm: Alarm): Promise<LoadMeasurement> {
    this.#alarm = alarm;
    this.#pool.grow(this.#first.laneCount);
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    await this.#end.promise;
    return {
      startedAt: this.#startedAt,
      ...whatWasMeasured(this.#account, this.#first, { clock: this.#clock, startNs: this.#startNs }),
      errors: { ...this.#errors },
      checkedCount: this.#verifiedCount,
      client: this.#edges.cost,
    };
  }

  /** Ends the load without a measurement. */
  stop(reason: unknown): void {
    this[Symbol.dispose]();
    this.#end.reject(reason);
  }

  [Symbol.dispose](): void {
    this.#phase = 'over';
    clearInterval(this.#ticker);
    clearTimeout(this.#gateTimer);
    clearImmediate(this.#again);
    this.#pool.close();
  }

  get over(): boolean {
    return this.#phase === 'over' || (this.#phase === 'draining' && this.#line.length === 0);
  }

  /**
   * Sends what is due by now and sees to the window's edges. Who calls because something is due in a moment lets it wait
   * for that; nothing more is waited for then, since answers come in meanwhile.
   */
  due(earlyNs = 0): void {
    const clock = this.#clock;
    if (this.#phase !== 'sending' || clock === undefined) return;
    if (nowNs() - clock.nextNs > Math.max(behindLeastNs, this.#options.windowNs)) clock.giveUp();
    for (let count = 0; count < sendsPerTurn; count += 1) {
      const seenNs = waitUntil(clock.nextNs, count === 0 ? earlyNs : 0);
      if (seenNs === null) break;
      if (clock.state === 'before' && clock.nextNs >= clock.openNs) this.#open(clock);
      if (this.over) return;
      this.#admit(clock.nextNs, seenNs);
      clock.advance();
    }
    this.#seeToEdges(clock, earlyNs);
    if (this.#phase === 'sending' && clock.nextNs <= nowNs()) this.#again ??= setImmediate(() => this.#goOn());
  }

  next(lane: Lane): Question | undefined {
    if (this.#phase === 'connecting' && this.#first.take(lane)) return this.#rotation.next();
    const dueNs = this.#line.shift();
    if (dueNs === undefined) {
      this.#pool.ready(lane);
      return undefined;
    }
    lane.dueNs = dueNs;
    return this.#rotation.next();
  }

  answered(lane: Lane, startNs: number, endNs: number, verified: boolean): void {
    if (verified) this.#verifiedCount += 1;
    lane.warm = true;
    if (lane.answeredDueNs === Number.POSITIVE_INFINITY) {
      if (this.#first.answered(startNs, endNs)) this.#connected();
      return;
    }
    this.#account.answered(lane.answeredDueNs, startNs, endNs);
    if (endNs >= (this.#clock?.nextNs ?? Number.POSITIVE_INFINITY)) this.due();
    this.#drained();
  }

  failed(kind: ErrorKind, startNs: number | undefined, endNs: number, lane: Lane): void {
    // The server closed a connection that nothing was asked on: no request is lost, and it is made anew.
    if (this.#pool.unready(lane)) return;
    if (this.#phase === 'connecting') {
      this.#count(kind);
      if (this.#first.failed(lane)) this.#end.resolve();
      return;
    }
    // A connection that cannot be made fails the request that has waited longest for one, if any does.
    const dueNs = startNs === undefined ? this.#line.shift() : lane.dueNs;
    if (dueNs === undefined) return;
    this.#count(kind);
    this.#account.failed(dueNs, startNs, endNs);
    this.#drained();
  }

  /** All first requests are answered: waits for the other threads, then starts the schedule. */
  #connected(): void {
    this.#phase = 'gate';
    this.#options.gate?.arrived();
    this.#await();
  }

  #await(): void {
    const { gate, startNs, schedule, warmupNs, windowNs } = this.#options;
    if (gate?.open() === false) {
      this.#gateTimer = setTimeout(() => this.#await(), gateMs);
      return;
    }
    this.#clock = new ScheduleClock(schedule, { startNs: startNs?.() ?? nowNs() + gateMs * 1e6, warmupNs, windowNs });
    this.#account = new OpenLoopAccount(this.#options, this.#clock.openNs);
    this.#phase = 'sending';
    this.#alarm?.follow(this.#clock.instants());
  }

  #admit(dueNs: number, seenNs: number): void {
    const { limit, whenFull } = this.#options.inFlight;
    const account = this.#account;
    account.intended(dueNs, seenNs);
    if ((whenFull === 'drop' && account.outstanding > limit) || this.#line.isFull) {
      account.dropped(dueNs);
      return;
    }
    this.#line.push(dueNs);
    this.#pool.take()?.send();
    this.#pool.growFor(account.outstanding, seenNs);
  }

  #goOn(): void {
    this.#again = undefined;
    this.due();
  }

  #seeToEdges(clock: ScheduleClock, earlyNs: number): void {
    const seenNs = waitUntil(clock.state === 'before' ? clock.openNs : clock.closeNs, earlyNs) ?? nowNs();
    if (clock.state === 'before' && (clock.isGivenUp || clock.passed(clock.openNs, seenNs))) this.#open(clock);
    if (clock.state === 'open' && (clock.isGivenUp || clock.passed(clock.closeNs, seenNs))) this.#close(clock);
  }

  #open(clock: ScheduleClock): void {
    clock.state = 'open';
    this.#account.edge('open');
    this.#edges.open();
  }

  #close(clock: ScheduleClock): void {
    clock.state = 'closed';
    this.#phase = 'draining';
    this.#account.edge('close');
    this.#edges.close();
    this.#drained();
  }

  /** When a first request was last answered; the start of the load before that. */
  get #lastFirstNs(): number {
    return Math.max(this.#startNs, this.#first.lastAnswerNs);
  }

  #drained(): void {
    if (this.#phase === 'draining' && this.#account.outstanding === 0) this.#end.resolve();
  }

  #tick(): void {
    const tickNs = nowNs();
    const stalled = tickNs - this.#lastTickNs > stalledMs * 1e6;
    this.#lastTickNs = tickNs;
    if (stalled) return;
    const { requestTimeoutNs, firstAnswerNs = Number.POSITIVE_INFINITY } = this.#options;
    const silent = this.#phase === 'connecting' && tickNs - this.#lastFirstNs > firstAnswerNs;
    const expired = this.#pool.lanes.filter((lane) => lane.expire(tickNs, silent ? 0 : requestTimeoutNs));
    if (silent || (this.#phase === 'connecting' && expired.length > 0)) this.#end.resolve();
    while (this.#line.firstNs + requestTimeoutNs <= tickNs) {
      this.#count('timeout');
      this.#account.failed(this.#line.shift() ?? 0, undefined, tickNs);
    }
    this.#drained();
  }

  #count(kind: ErrorKind): void {
    this.#errors[kind] = (this.#errors[kind] ?? 0) + 1;
  }
}

/** The time, once the instant has come, for which it waits where that is near; null where it is further off. */
function waitUntil(atNs: number, nearNs: number): number | null {
  let seenNs = nowNs();
  if (atNs - seenNs > nearNs) return null;
  while (seenNs < atNs) seenNs = nowNs();
  return seenNs;
}
