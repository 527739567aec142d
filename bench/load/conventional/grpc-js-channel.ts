import type { ErrorKind } from '../answers.ts';
import { resetKind, statusKind } from '../grpc/answer-headers.ts';
import { checkAnswer } from '../grpc/check-answer.ts';
import type { Question } from '../rotation.ts';
import { type Channel, type ChannelEvents, nowNs } from '../transport.ts';
import type { ConnectionUser, GrpcJsCall, GrpcJsConnection, GrpcJsError } from './grpc-js-connection.ts';

/** One request at a time over a connection that others may use as well. */
export class GrpcJsChannel implements Channel, ConnectionUser {
  readonly #connection: GrpcJsConnection;
  readonly #events: ChannelEvents;
  readonly #left: () => void;
  #call: GrpcJsCall | undefined;
  /** Whether an answer has come in over this channel, a right one or not. */
  #proven = false;
  /** Whether anything of the answer that is waited for has come in. */
  #begun = false;
  #closed = false;

  /** `left` is called once, when the channel no longer uses the connection. */
  constructor(connection: GrpcJsConnection, events: ChannelEvents, left: () => void) {
    this.#connection = connection;
    this.#events = events;
    this.#left = left;
    connection.join(this);
  }

  send(question: Question): void {
    const call = this.#connection.call(question.bytes, (error, answer) => {
      const endNs = nowNs();
      if (this.#closed || this.#call !== call) return;
      this.#call = undefined;
      if (error === null && answer !== undefined) this.#answered(question, answer, endNs);
      else this.#failed(error, endNs);
    });
    this.#call = call;
    this.#begun = false;
    call.on('metadata', () => {
      this.#begun = true;
    });
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#call?.cancel();
    this.#connection.leave(this);
    this.#left();
  }

  ready(): void {
    this.#events.connected();
  }

  unconnected(kind: ErrorKind): void {
    this.#fail(kind, nowNs(), false);
  }

  /** A request that is outstanding is told of by itself. */
  lost(): void {
    if (this.#call === undefined) this.#fail('keep-alive-reset', nowNs(), false);
  }

  #answered(question: Question, answer: Buffer, endNs: number): void {
    this.#proven = true;
    const reusable = this.#connection.state === 'ready';
    const check = checkAnswer(answer, question);
    if ('wrong' in check) {
      this.#fail(check.wrong, endNs, reusable);
      return;
    }
    if (!reusable) this.destroy();
    this.#events.answered(endNs, reusable, check.verified);
  }

  #failed(error: GrpcJsError | null, endNs: number): void {
    const reusable = this.#connection.state === 'ready';
    if (error === null) this.#fail('malformed', endNs, reusable);
    else if (isLoss(error)) this.#fail(this.#proven && !this.#begun ? 'keep-alive-reset' : 'reset', endNs, false);
    else {
      this.#proven = true;
      this.#fail(kindOf(error), endNs, reusable);
    }
  }

  #fail(kind: ErrorKind, endNs: number, reusable: boolean): void {
    if (this.#closed) return;
    if (!reusable) this.destroy();
    this.#events.failed(kind, endNs, reusable);
  }
}

const unavailable = 14;

/** Whether the connection went, and not the request alone: grpc-js says so in words only. */
function isLoss({ code, details }: GrpcJsError): boolean {
  return (
    code === unavailable &&
    /^(Connection dropped|No connection established|Channel closed|(read|write) E[A-Z]+)/.test(details)
  );
}

/** What HTTP/2 says of a stream comes in words as well, and with the status that stands for it. */
function kindOf({ code, details }: GrpcJsError): ErrorKind {
  if (/^(No message received|Too many responses received|Received message (larger|that decompresses))/.test(details)) {
    return 'malformed';
  }
  if (details === 'Stream refused by server') return 'refused-stream';
  if (details.endsWith('(Call ended without gRPC status)')) return 'grpc-unknown';
  const [, errorCode] = /^Received RST_STREAM with code (\d+)/.exec(details) ?? [];
  return errorCode === undefined ? statusKind(code) : resetKind(Number(errorCode));
}
