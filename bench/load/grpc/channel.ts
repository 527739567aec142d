import type { ErrorKind } from '../answers.ts';
import type { Question } from '../rotation.ts';
import type { Channel, ChannelEvents } from '../transport.ts';
import { AnswerReader } from './answer.ts';
import type { Call, Connection } from './connection.ts';

/** One request at a time over a connection, which others may use as well; over another one where that goes away in between. */
export class GrpcChannel implements Channel, Call {
  streamId = 0;
  body: Buffer = Buffer.alloc(0);
  sentBytes = 0;
  windowBytes = 0;
  question: Question | undefined;
  connecting = true;
  readonly answer = new AnswerReader();
  readonly #connect: () => Connection;
  readonly #events: ChannelEvents;
  #connection: Connection;
  #destroyed = false;

  /** `connect` gives the connection that new requests take. */
  constructor(connect: () => Connection, events: ChannelEvents) {
    this.#connect = connect;
    this.#events = events;
    this.#connection = connect();
    this.#connection.join(this);
  }

  send(question: Question): void {
    this.question = question;
    this.body = question.bytes;
    if (this.#connection.usable) this.#connection.send(this);
    else this.displaced();
  }

  destroy(): void {
    this.#destroyed = true;
    this.#connection.leave(this);
  }

  ready(): void {
    if (this.question === undefined) this.#events.connected();
    else if (this.#connection.usable) this.#connection.send(this);
    else this.displaced();
  }

  answered(endNs: number, verified: boolean): void {
    if (this.#destroyed) return;
    const reusable = this.#finish();
    this.#events.answered(endNs, reusable, verified);
  }

  failed(kind: ErrorKind, endNs: number): void {
    if (this.#destroyed) return;
    const reusable = this.#finish();
    this.#events.failed(kind, endNs, reusable);
  }

  displaced(): void {
    this.#connection.leave(this);
    this.#connection = this.#connect();
    this.#connection.join(this);
  }

  /** Nothing is outstanding any more; whether another request can follow. */
  #finish(): boolean {
    this.question = undefined;
    this.answer.reset();
    const reusable = this.#connection.usable;
    if (!reusable) this.destroy();
    return reusable;
  }
}
