import { connect, type Socket } from 'node:net';
import { type ErrorKind, holdsValues } from '../answers.ts';
import { doesByForm, type Question, wasCompared } from '../rotation.ts';
import { type Channel, type ChannelEvents, nowNs } from '../transport.ts';
import { type Answer, AnswerReader } from './answer.ts';
import { MalformedAnswer } from './answer-head.ts';
import { checkAnswer } from './check-answer.ts';

/** One for all connections of a thread: what comes in is looked at, or copied, before the next read. */
const receiveBuffer = Buffer.allocUnsafeSlow(64 * 1024);
/** Small answers cost little to compare number by number; of larger ones that are not the expected bytes, one in `verifyEvery` is. */
const verifyAlwaysBytes = 1024;

/**
 * One HTTP/1.1 connection on a plain socket with at most one request outstanding.
 * The head of the last right answer is remembered, up to its tensors: an answer that is this head and the expected tensors,
 * byte for byte or number for number, needs no parsing, which is what makes this client cheap; where nothing is expected,
 * it is this head and as many bytes of tensors as it announces. Every other answer is parsed.
 */
export class HttpConnection implements Channel {
  readonly #socket: Socket;
  readonly #events: ChannelEvents;
  #knownHead = Buffer.alloc(0);
  /** What follows the known head: it says so itself, in two places. */
  #knownTensorBytes = 0;
  #question: Question | undefined;
  /** The pieces of an answer that did not come in one. */
  #reader: AnswerReader | undefined;
  /** Whether an answer has come in over this connection, a right one or not. */
  #proven = false;
  #closed = false;

  constructor(address: { readonly host: string; readonly port: number }, events: ChannelEvents) {
    this.#events = events;
    this.#socket = connect({
      ...address,
      noDelay: true,
      onread: {
        buffer: receiveBuffer,
        callback: (size, buffer) => this.#received(buffer as Buffer, size),
      },
    });
    this.#socket.once('connect', () => this.#closed || events.connected());
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(error.syscall === 'connect' ? connectFailure(error) : this.#lossKind(), nowNs()),
    );
    this.#socket.once('end', () => this.#ended());
    this.#socket.once('close', () => this.#fail(this.#lossKind(), nowNs()));
  }

  /** Sends one request; the answer before it must be complete. */
  send(question: Question): void {
    this.#question = question;
    this.#socket.write(question.bytes);
  }

  /** Closes at once, without a further event. */
  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #received(buffer: Buffer, size: number): boolean {
    const endNs = nowNs();
    const question = this.#question;
    if (this.#closed) return false;
    if (question === undefined) {
      this.#fail('malformed', endNs);
      return false;
    }
    const look = this.#lookAt(question, buffer, size);
    if (look === 'unknown') {
      this.#read(question, buffer.subarray(0, size), endNs);
    } else {
      this.#question = undefined;
      this.#proven = true;
      this.#events.answered(endNs, true, look === 'verified');
    }
    return !this.#closed;
  }

  /** What can be said of an answer without parsing it. */
  #lookAt(question: Question, buffer: Buffer, size: number): 'verified' | 'right-form' | 'unknown' {
    const head = this.#knownHead;
    const headBytes = head.byteLength;
    if (size !== headBytes + this.#knownTensorBytes || headBytes === 0 || this.#reader !== undefined) return 'unknown';
    if (head.compare(buffer, 0, headBytes) !== 0) return 'unknown';
    const { tail, expected } = question;
    if (expected === null) return 'right-form';
    if (tail.byteLength !== this.#knownTensorBytes) return 'unknown';
    if (tail.compare(buffer, headBytes, size) === 0) return 'verified';
    if (tail.byteLength <= verifyAlwaysBytes)
      return holdsValues(buffer.subarray(headBytes, size), expected) ? 'verified' : 'unknown';
    return doesByForm(question) ? 'right-form' : 'unknown';
  }

  #read(question: Question, piece: Buffer, endNs: number): void {
    const whole = this.#reader === undefined;
    this.#reader ??= new AnswerReader();
    const reader = this.#reader;
    const answer = this.#orMalformed(() => reader.push(piece), endNs);
    if (answer !== undefined) this.#complete(question, answer, endNs, whole ? piece : undefined);
  }

  #ended(): void {
    const endNs = nowNs();
    const question = this.#question;
    if (this.#closed) return;
    const answer = question && this.#orMalformed(() => this.#reader?.end(), endNs);
    if (question !== undefined && answer !== undefined) this.#complete(question, answer, endNs);
    else this.#fail(this.#lossKind(), endNs);
  }

  #orMalformed(read: () => Answer | undefined, endNs: number): Answer | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof MalformedAnswer)) throw error;
      this.#fail('malformed', endNs);
      return undefined;
    }
  }

  #complete(question: Question, answer: Answer, endNs: number, received?: Buffer): void {
    this.#reader = undefined;
    this.#proven = true;
    const check = checkAnswer(answer, question.expected);
    if ('wrong' in check) {
      this.#fail(check.wrong, endNs, answer.keepAlive);
      return;
    }
    wasCompared(question);
    this.#question = undefined;
    if (!answer.keepAlive) this.destroy();
    else if (received !== undefined) this.#remember(received, answer, check.headerBytes);
    this.#events.answered(endNs, answer.keepAlive, question.expected !== null);
  }

  #remember(received: Buffer, answer: Answer, headerBytes: number): void {
    if (answer.headers.has('transfer-encoding')) return;
    this.#knownTensorBytes = answer.body.byteLength - headerBytes;
    // A copy: the receive buffer is used again for the next read.
    this.#knownHead = Buffer.from(received.subarray(0, received.byteLength - this.#knownTensorBytes));
  }

  /** What it is when the connection goes: a server that closes between two answers is another matter than one that breaks one off. */
  #lossKind(): ErrorKind {
    if (this.#question === undefined) return 'keep-alive-reset';
    return this.#proven && this.#reader === undefined ? 'keep-alive-reset' : 'reset';
  }

  /** Tells of one failure; nothing where the connection is closed already. */
  #fail(kind: ErrorKind, endNs: number, reusable = false): void {
    if (this.#closed) return;
    this.#question = undefined;
    this.#reader = undefined;
    if (!reusable) this.destroy();
    this.#events.failed(kind, endNs, reusable);
  }
}

/** Why a connection was not made: without a port left on this side it is no fault of the server's. */
export function connectFailure(error: NodeJS.ErrnoException): 'ports-exhausted' | 'connect' {
  return error.code === 'EADDRNOTAVAIL' ? 'ports-exhausted' : 'connect';
}
