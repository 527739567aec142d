import type { ErrorKind } from './answers.ts';
import type { Question } from './rotation.ts';
import { type Carrier, type Channel, type ChannelEvents, nowNs } from './transport.ts';

/** What a lane asks of the load it belongs to and tells it. */
export type LaneLoad = {
  readonly carrier: Carrier;
  /** Nothing is sent any more; what is outstanding is still waited for, its answer or failure told as ever. */
  readonly over: boolean;
  /**
   * What this lane sends now; an open loop sets `lane.dueNs`. Undefined where nothing is due: the lane then stays ready
   * until its `send` is called.
   */
  next(lane: Lane): Question | undefined;
  /** `startNs` is when the request was sent; when it was due says `lane.answeredDueNs`. */
  answered(lane: Lane, startNs: number, endNs: number, verified: boolean): void;
  /**
   * `startNs` is when the failed request was sent; undefined where none was, as with a connection that was not made or was
   * closed while it was ready. When the request was due says `lane.dueNs`.
   */
  failed(kind: ErrorKind, startNs: number | undefined, endNs: number, lane: Lane): void;
};

/** A server that refuses connections is asked again after that time. */
const reconnectDelayMs = 10;

/** One of the load's outstanding requests: sends what is next as soon as one is answered, on a new connection where it must. */
export class Lane implements ChannelEvents {
  state: 'connecting' | 'ready' | 'waiting' | 'idle' = 'idle';
  /** When the request outstanding was sent, or connecting began. */
  startNs = 0;
  /** When the request outstanding should have been sent; without an end in a closed loop, where there is no such time. */
  dueNs = Number.POSITIVE_INFINITY;
  answeredDueNs = Number.POSITIVE_INFINITY;
  /** Whether it has had an answer. */
  warm = false;
  readonly #load: LaneLoad;
  #channel: Channel | undefined;
  #reconnect: NodeJS.Timeout | undefined;

  constructor(load: LaneLoad) {
    this.#load = load;
  }

  open(): void {
    this.state = 'connecting';
    this.dueNs = Number.POSITIVE_INFINITY;
    this.startNs = nowNs();
    this.#channel = this.#load.carrier.open(this);
  }

  /** Closes at once, without telling the load. */
  close(): void {
    this.state = 'idle';
    clearTimeout(this.#reconnect);
    this.#channel?.destroy();
  }

  /** Sends what is next; only for a lane that is ready. */
  send(): void {
    const question = this.#load.next(this);
    if (question === undefined) {
      this.state = 'ready';
      return;
    }
    this.state = 'waiting';
    this.startNs = nowNs();
    this.#channel?.send(question);
  }

  /** Gives up a request or a connection that takes longer than allowed, from when it was due; true if there was one. */
  expire(endNs: number, timeoutNs: number): boolean {
    if (this.state === 'idle' || this.state === 'ready') return false;
    if (endNs - Math.min(this.startNs, this.dueNs) < timeoutNs) return false;
    this.#channel?.destroy();
    this.failed(this.state === 'connecting' ? 'connect' : 'timeout', endNs, false);
    return true;
  }

  connected(): void {
    this.send();
  }

  answered(endNs: number, reusable: boolean, verified: boolean): void {
    const { startNs } = this;
    this.answeredDueNs = this.dueNs;
    this.state = 'idle';
    if (!this.#load.over) {
      // First the next request, then the accounts: the server must not wait for the client's arithmetic.
      if (reusable) this.send();
      else this.open();
    }
    this.#load.answered(this, startNs, endNs, verified);
  }

  failed(kind: ErrorKind, endNs: number, reusable: boolean): void {
    const startNs = this.state === 'waiting' ? this.startNs : undefined;
    this.state = 'idle';
    this.#load.failed(kind, startNs, endNs, this);
    if (this.#load.over) return;
    if (reusable) this.send();
    else this.#reconnect = setTimeout(() => this.open(), reconnectDelayMs);
  }
}
