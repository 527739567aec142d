import type { Random } from '../random.ts';
import { executionNs, type ScriptedHost, type Serving, speedOf } from './scripted-host.ts';
import { HostPace, type Weather } from './scripted-host-pace.ts';

type Execution = { readonly tickets: readonly number[]; readonly beganNs: number; readonly endWork: number };
type Answer = { readonly atNs: number; readonly ticket: number };

/** Since the model was loaded, as a server counts them. */
export type HostCounts = {
  readonly requestCount: number;
  readonly rowCount: number;
  readonly executionCount: number;
  readonly queueNs: number;
  readonly computeNs: number;
};

/**
 * What a scripted host does with the requests that it is given, without a clock: whoever has one tells it how late it is.
 * Times are ns from any beginning and never go back.
 */
export class ScriptedHostState {
  readonly #host: ScriptedHost;
  readonly #random: Random;
  readonly #pace: HostPace;
  #serving: Serving;
  #nowNs = 0;
  /** How much of an execution would be done by now that went on all the time; executions end when it reaches their end. */
  #work = 0;
  #executing: Execution[] = [];
  #earliestEndWork = Number.POSITIVE_INFINITY;
  #line: { readonly ticket: number; readonly atNs: number }[] = [];
  #first = 0;
  #late: Answer[] = [];
  #rowsPerRequest = 1;
  /** Worked out when it is asked for; undefined since something changed. */
  #nextNs: number | undefined;
  #counts = { requestCount: 0, rowCount: 0, executionCount: 0, queueNs: 0, computeNs: 0 };

  constructor(host: ScriptedHost, serving: Serving, random: Random, weather?: Weather) {
    this.#host = host;
    this.#pace = new HostPace(host, weather);
    this.#serving = serving;
    this.#random = random;
  }

  get counts(): HostCounts {
    return this.#counts;
  }

  /** What is loaded. */
  get serving(): Serving {
    return this.#serving;
  }

  /** A new young model. What was under way is lost; the heat of the host is not. */
  load(serving: Serving, atNs: number, rowsPerRequest = 1): void {
    this.#settle(Math.max(atNs, this.#nowNs));
    this.#nextNs = undefined;
    this.#serving = serving;
    this.#rowsPerRequest = rowsPerRequest;
    this.#work = 0;
    this.#executing = [];
    this.#earliestEndWork = Number.POSITIVE_INFINITY;
    this.#line = [];
    this.#first = 0;
    this.#late = [];
    this.#counts = { requestCount: 0, rowCount: 0, executionCount: 0, queueNs: 0, computeNs: 0 };
  }

  /** A request comes in; `ticket` is what its answer will be told by. What is due by then is to be asked for before. */
  arrive(ticket: number, atNs: number): void {
    this.#settle(Math.max(atNs, this.#nowNs));
    this.#line.push({ ticket, atNs: this.#nowNs });
    this.#nextNs = undefined;
    this.#begin();
  }

  /** When something happens next by itself; Infinity where nothing will. */
  get nextNs(): number {
    const lateNs = this.#late[0]?.atNs ?? Number.POSITIVE_INFINITY;
    this.#nextNs ??= Math.min(this.#endNs, this.#batchNs, this.#paceNs, lateNs);
    return this.#nextNs;
  }

  /** Lets time go on until `toNs`; gives the tickets that were answered meanwhile, in order of time. */
  advance(toNs: number): number[] {
    const answered: number[] = [];
    for (let nextNs = this.nextNs; nextNs <= toNs; nextNs = this.nextNs) {
      const ends = nextNs === this.#endNs;
      this.#settle(nextNs);
      this.#nextNs = undefined;
      if (ends) this.#end(answered);
      while ((this.#late[0]?.atNs ?? Number.POSITIVE_INFINITY) <= this.#nowNs)
        answered.push(this.#late.shift()?.ticket ?? 0);
      if (this.#executing.length > 0) this.#pace.change(this.#nowNs);
      this.#begin();
    }
    this.#settle(Math.max(toNs, this.#nowNs));
    return answered;
  }

  get #speed(): number {
    return speedOf(this.#host, this.#executing.length) / this.#pace.slowness(this.#serving.hungry);
  }

  /** When the next execution ends. */
  get #endNs(): number {
    if (this.#executing.length === 0) return Number.POSITIVE_INFINITY;
    return this.#nowNs + Math.max(0, this.#earliestEndWork - this.#work) / this.#speed;
  }

  /** When a batch has waited long enough. */
  get #batchNs(): number {
    const oldest = this.#line[this.#first];
    const { instances, queueDelayNs } = this.#serving;
    if (oldest === undefined || this.#executing.length >= instances) return Number.POSITIVE_INFINITY;
    return oldest.atNs + (queueDelayNs ?? 0);
  }

  /** When those that execute go on at another pace. */
  get #paceNs(): number {
    const { hungry } = this.#serving;
    return this.#executing.length === 0 ? Number.POSITIVE_INFINITY : this.#pace.changesNs(this.#nowNs, hungry);
  }

  #settle(toNs: number): void {
    const passedNs = toNs - this.#nowNs;
    if (passedNs === 0) return;
    const isBusy = this.#executing.length > 0;
    if (isBusy) this.#work += passedNs * this.#speed;
    this.#pace.pass(passedNs, isBusy && this.#serving.hungry);
    this.#nowNs = toNs;
  }

  #begin(): void {
    const { instances, rowsMost, queueDelayNs } = this.#serving;
    while (this.#executing.length < instances && this.#first < this.#line.length) {
      const waiting = this.#line.length - this.#first;
      const fits = queueDelayNs === null ? 1 : Math.max(1, Math.floor(rowsMost / this.#rowsPerRequest));
      if (waiting < fits && this.#batchNs > this.#nowNs) return;
      this.#execute(this.#line.slice(this.#first, this.#first + Math.min(fits, waiting)));
    }
  }

  #execute(requests: readonly { readonly ticket: number; readonly atNs: number }[]): void {
    const { executions, excess } = this.#host.warmup;
    const rows = requests.length * this.#rowsPerRequest;
    const young = excess * Math.exp(-this.#counts.executionCount / (this.#serving.instances * executions));
    const work = executionNs(this.#host, this.#serving, rows) * (1 + young) * this.#jitter();
    const tickets = requests.map(({ ticket }) => ticket);
    this.#executing.push({ tickets, beganNs: this.#nowNs, endWork: this.#work + work });
    this.#earliestEndWork = Math.min(this.#earliestEndWork, this.#work + work);
    this.#counts.executionCount += 1;
    this.#counts.queueNs += requests.reduce((sum, { atNs }) => sum + this.#nowNs - atNs, 0);
    this.#first += requests.length;
    if (this.#first > lineSpare) {
      this.#line = this.#line.slice(this.#first);
      this.#first = 0;
    }
  }

  #end(answered: number[]): void {
    this.#work = this.#earliestEndWork;
    const ended = this.#executing.filter(({ endWork }) => endWork <= this.#work);
    this.#executing = this.#executing.filter(({ endWork }) => endWork > this.#work);
    this.#earliestEndWork = this.#executing.reduce(
      (least, { endWork }) => Math.min(least, endWork),
      Number.POSITIVE_INFINITY,
    );
    for (const { tickets, beganNs } of ended) {
      this.#counts.requestCount += tickets.length;
      this.#counts.rowCount += tickets.length * this.#rowsPerRequest;
      this.#counts.computeNs += tickets.length * (this.#nowNs - beganNs);
      for (const ticket of tickets) this.#answer(ticket, answered);
    }
  }

  #answer(ticket: number, answered: number[]): void {
    const { share, addedNs } = this.#host.stalls;
    if (share === 0 || !this.#stalls(share) || this.#random.next() >= 1 / 4) {
      answered.push(ticket);
      return;
    }
    // All are late by the same time, so the list stays in order.
    this.#late.push({ atNs: this.#nowNs + addedNs, ticket });
  }

  #stalls(share: number): boolean {
    // Spread as evenly as can be, so that any long time has its share of them.
    const place = Math.floor(this.#nowNs / this.#host.stalls.everyNs) * goldenRatio;
    return place - Math.floor(place) < share;
  }

  #jitter(): number {
    const sd = this.#host.jitterSd;
    if (sd === 0) return 1;
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random.next())) * Math.cos(2 * Math.PI * this.#random.next());
    return Math.exp(sd * normal - (sd * sd) / 2);
  }
}

const goldenRatio = (Math.sqrt(5) - 1) / 2;
/** Served requests at the head of the line that are cut off at once. */
const lineSpare = 4_096;
