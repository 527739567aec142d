import { connect, type Socket } from 'node:net';
import type { ErrorKind } from '../answers.ts';
import { nowNs, type Target } from '../transport.ts';
import { FrameReader } from './frame-reader.ts';
import { greeting } from './greeting.ts';
import { Incoming } from './incoming.ts';
import type { KnownAnswers } from './known-answers.ts';
import { Malformed } from './malformed.ts';
import { Outbox } from './outbox.ts';
import type { RequestHead } from './request-head.ts';
import { Sender } from './sender.ts';
import { type Call, Streams } from './streams.ts';

export type { Call } from './streams.ts';

/** What the connections of one carrier have in common. */
export type Common = {
  readonly target: Target;
  readonly head: RequestHead;
  readonly known: KnownAnswers;
  /** Whether several calls use one connection: what they send in one turn of the event loop leaves together. */
  readonly shared: boolean;
  /** The highest number of a stream; a connection is used up after it. */
  readonly lastStreamId: number;
  /** A request had to wait because the server allows no more at a time. */
  waited(): void;
  /** A connection is closed. */
  closed(connection: Connection): void;
};

/** One for all connections of a thread: what comes in is looked at, or copied, before the next read. */
const receiveBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/** One HTTP/2 connection on a plain socket, for calls of one method. It closes when its last call leaves it. */
export class Connection {
  readonly #common: Common;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #streams: Streams;
  readonly #incoming: Incoming;
  readonly #frames: FrameReader;
  readonly #calls = new Set<Call>();
  #state: 'connecting' | 'ready' | 'closed' = 'connecting';
  #receiving = false;
  #flushing = false;

  constructor(common: Common) {
    this.#common = common;
    const { host, port } = common.target;
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: { buffer: receiveBuffer, callback: (size) => this.#received(size) },
    });
    this.#outbox = new Outbox(this.#socket);
    this.#sender = new Sender(this.#outbox, common.head);
    this.#streams = new Streams(this.#sender, common.lastStreamId, common.waited);
    this.#incoming = new Incoming(
      { streams: this.#streams, sender: this.#sender, known: common.known },
      { ready: () => this.#ready(), drained: () => this.close() },
    );
    this.#frames = new FrameReader(this.#incoming);
    this.#socket.write(greeting());
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(this.#errorKind(error)));
    this.#socket.once('end', () => this.#lost(this.#state === 'connecting' ? 'connect' : 'reset'));
    this.#socket.once('close', () => this.#lost(this.#state === 'connecting' ? 'connect' : 'reset'));
  }

  /** How many have joined it. */
  get callCount(): number {
    return this.#calls.size;
  }

  /** Whether a call may join it, now or once it is connected. */
  get joinable(): boolean {
    return this.#state !== 'closed' && !this.#streams.exhausted;
  }

  /** Whether the next request of a call that has joined goes over it. */
  get usable(): boolean {
    return this.#state === 'ready' && !this.#streams.exhausted;
  }

  /** One more call; it is told once the connection is ready, or that it could not be made. */
  join(call: Call): void {
    this.#calls.add(call);
    call.connecting = true;
    // Not from within the caller's own call.
    if (this.#state === 'ready') queueMicrotask(() => this.#welcome(call));
  }

  /** Gives up what is outstanding of a call. */
  leave(call: Call): void {
    if (!this.#calls.delete(call) || this.#state === 'closed') return;
    if (this.#calls.size === 0) {
      this.close();
      return;
    }
    this.#streams.cancel(call);
    this.#flushSoon();
  }

  /** Sends the call's question; only where it is usable. */
  send(call: Call): void {
    this.#streams.open(call);
    if (this.#common.shared) this.#flushSoon();
    else this.#outbox.flush();
  }

  #ready(): void {
    this.#state = 'ready';
    for (const call of [...this.#calls]) this.#welcome(call);
  }

  #welcome(call: Call): void {
    if (this.#state !== 'ready' || !this.#calls.has(call) || !call.connecting) return;
    call.connecting = false;
    call.ready();
  }

  #received(size: number): boolean {
    if (this.#state === 'closed') return false;
    this.#receiving = true;
    try {
      this.#incoming.beginRead(nowNs());
      this.#frames.push(receiveBuffer, size);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#sender.giveUp();
      this.#outbox.flush();
      this.#lost('malformed');
    } finally {
      this.#receiving = false;
    }
    if (this.#isClosed()) return false;
    this.#outbox.flush();
    return true;
  }

  /** A method, for what it tells changes within calls that look harmless. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #flushSoon(): void {
    if (this.#receiving || this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => this.#flushNow());
  }

  #flushNow(): void {
    this.#flushing = false;
    if (this.#state !== 'closed') this.#outbox.flush();
  }

  #errorKind(error: NodeJS.ErrnoException): ErrorKind {
    if (error.code === 'EADDRNOTAVAIL') return 'ports-exhausted';
    return this.#state === 'connecting' ? 'connect' : 'reset';
  }

  /** Nothing more will come: what is outstanding has failed. */
  #lost(kind: ErrorKind): void {
    if (this.#state === 'closed') return;
    const endNs = nowNs();
    const calls = [...this.#calls];
    const warm = this.#incoming.answeredCount > 0;
    this.close();
    for (const call of calls) {
      const kept = warm || call.question === undefined;
      call.failed(kind === 'reset' && kept && !call.answer.begun ? 'keep-alive-reset' : kind, endNs);
    }
  }

  /** Closes at once and tells nobody. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#streams.close();
    this.#socket.destroy();
    this.#common.closed(this);
  }
}
