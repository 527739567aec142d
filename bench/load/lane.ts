import type { ErrorKind } from './answers.ts';
import type { Question } from './rotation.ts';
import { type Carrier, type Channel, type ChannelEvents, nowNs } from './transport.ts';

/** What a lane asks of the load it belongs to and tells it. */
export type LaneLoad = {
  readonly carrier: Carrier;
  /** Nothing is sent any more; what is outstanding is still waited for, its answer or failure told as ever. */
  readonly over: boolean;
  next(): Question;
  /** `startNs` is when the request was sent. */
  answered(lane: Lane, startNs: number, endNs: number, verified: boolean): void;
  /** `startNs` is when the failed request was sent; undefined where none was, as with a connection that was not made. */
  failed(kind: ErrorKind, startNs: number | undefined, endNs: number): void;
};

/** A server that refuses connections is asked again after that time. */
const reconnectDelayMs = 10;

/** One of the load's outstanding requests: sends the next as soon as one is answered, on a new connection where it must. */
export class Lane implements ChannelEvents {
  state: 'connecting' | 'waiting' | 'idle' = 'idle';
  /** When the request outstanding was sent, or connecting began. */
  startNs = 0;
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
    this.startNs = nowNs();
    this.#channel = this.#load.carrier.open(this);
  }

  /** Closes at once, without telling the load. */
  close(): void {
    this.state = 'idle';
    clearTimeout(this.#reconnect);
    this.#channel?.destroy();
  }

  /** Gives up a request or a connection that takes longer than allowed; true if there was one. */
  expire(endNs: number, timeoutNs: number): boolean {
    if (this.state === 'idle' || endNs - this.startNs < timeoutNs) return false;
    this.#channel?.destroy();
    this.failed(this.state === 'connecting' ? 'connect' : 'timeout', endNs, false);
    return true;
  }

  connected(): void {
    this.#send();
  }

  answered(endNs: number, reusable: boolean, verified: boolean): void {
    const { startNs } = this;
    this.state = 'idle';
    if (!this.#load.over) {
      // First the next request, then the accounts: the server must not wait for the client's arithmetic.
      if (reusable) this.#send();
      else this.open();
    }
    this.#load.answered(this, startNs, endNs, verified);
  }

  failed(kind: ErrorKind, endNs: number, reusable: boolean): void {
    const startNs = this.state === 'waiting' ? this.startNs : undefined;
    this.state = 'idle';
    this.#load.failed(kind, startNs, endNs);
    if (this.#load.over) return;
    if (reusable) this.#send();
    else this.#reconnect = setTimeout(() => this.open(), reconnectDelayMs);
  }

  #send(): void {
    const question = this.#load.next();
    this.state = 'waiting';
    this.startNs = nowNs();
    this.#channel?.send(question);
  }
}
