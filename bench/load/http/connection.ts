import { connect, type Socket } from 'node:net';
import { decodeInferenceResponse } from '../../kserve/inference.ts';
import type { Tensor } from '../../kserve/tensors.ts';
import { compareAnswers, type ErrorKind } from '../answers.ts';
import { type Answer, MalformedAnswer, parseAnswer } from './answer.ts';

/** What a connection tells its user: one call per request sent, or a failure of the connection itself. */
export type ConnectionEvents = {
  connected(): void;
  /**
   * The answer is complete and right as far as it was checked; `endNs` was taken when its last bytes came in.
   * Without `keepAlive` the server closes the connection, and so it is closed here.
   */
  answered(endNs: number, keepAlive: boolean): void;
  /** The request outstanding failed, or the connection could not be made; it is closed afterwards unless `reusable`. */
  failed(kind: ErrorKind, endNs: number, reusable: boolean): void;
};

export const nowNs = (): number => performance.now() * 1e6;

const receiveBufferBytes = 64 * 1024;

/**
 * One HTTP/1.1 connection on a plain socket with at most one request outstanding.
 * The head of the first right answer is remembered; an answer that begins with the same bytes and has the same length
 * needs no parsing, which is what makes this client cheap. Every other answer is parsed and checked in full.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #known: Buffer | undefined;
  #knownBytes = 0;
  #pending: Buffer[] = [];
  #expected: readonly Tensor[] | undefined;
  #outstanding = false;
  #closed = false;

  constructor(address: { host: string; port: number }, events: ConnectionEvents) {
    this.#events = events;
    this.#socket = connect({
      ...address,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(receiveBufferBytes),
        callback: (size, buffer) => this.#received(buffer as Buffer, size),
      },
    });
    this.#socket.once('connect', () => events.connected());
    this.#socket.once('error', (error: NodeJS.ErrnoException) =>
      this.#lost(error.syscall === 'connect' ? 'connect' : 'reset'),
    );
    this.#socket.once('end', () => this.#ended());
    this.#socket.once('close', () => this.#lost('reset'));
  }

  /** Sends one prebuilt request; with `expected`, the answer's values are compared as well as its form. */
  send(request: Buffer, expected: readonly Tensor[] | undefined): void {
    this.#outstanding = true;
    this.#expected = expected;
    this.#socket.write(request);
  }

  /** Closes at once, without a further event. */
  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #received(buffer: Buffer, size: number): boolean {
    const endNs = nowNs();
    if (this.#closed) return false;
    const chunk = buffer.subarray(0, size);
    if (!this.#outstanding) {
      this.#fail('malformed', endNs);
      return false;
    }
    if (this.#isKnown(chunk)) {
      this.#outstanding = false;
      this.#events.answered(endNs, true);
    } else {
      this.#parse(chunk, endNs);
    }
    return !this.#closed;
  }

  #isKnown(chunk: Buffer): boolean {
    const known = this.#known;
    if (known === undefined || this.#expected !== undefined || this.#pending.length > 0) return false;
    return chunk.byteLength === this.#knownBytes && known.compare(chunk, 0, known.byteLength) === 0;
  }

  #parse(chunk: Buffer, endNs: number): void {
    // The receive buffer is used again for the next read, so what is kept must be a copy.
    this.#pending.push(Buffer.from(chunk));
    const received = this.#pending.length === 1 ? (this.#pending[0] ?? chunk) : Buffer.concat(this.#pending);
    this.#pending = [received];
    try {
      const answer = parseAnswer(received);
      if (answer !== undefined) this.#complete(answer, received, endNs);
    } catch (error) {
      if (!(error instanceof MalformedAnswer)) throw error;
      this.#fail('malformed', endNs);
    }
  }

  #complete(answer: Answer, received: Buffer, endNs: number): void {
    this.#pending = [];
    const wrong = checkAnswer(answer, this.#expected);
    if (wrong !== undefined) {
      this.#fail(wrong, endNs, answer.keepAlive);
      return;
    }
    this.#outstanding = false;
    if (answer.keepAlive) this.#remember(received, answer);
    else this.destroy();
    this.#events.answered(endNs, answer.keepAlive);
  }

  #remember(received: Buffer, answer: Answer): void {
    if (answer.headers.has('transfer-encoding')) return;
    const headerBytes = Number(answer.headers.get('inference-header-content-length') ?? 0);
    this.#known = received.subarray(0, received.byteLength - answer.body.byteLength + headerBytes);
    this.#knownBytes = received.byteLength;
  }

  #ended(): void {
    const endNs = nowNs();
    if (this.#closed || !this.#outstanding) return;
    try {
      const answer = parseAnswer(this.#pending[0] ?? Buffer.alloc(0), true);
      if (answer !== undefined) this.#complete(answer, Buffer.alloc(0), endNs);
      else this.#fail('reset', endNs);
    } catch {
      this.#fail('malformed', endNs);
    }
  }

  #lost(kind: ErrorKind): void {
    if (!this.#closed) this.#fail(kind, nowNs());
  }

  #fail(kind: ErrorKind, endNs: number, reusable = false): void {
    this.#outstanding = false;
    this.#pending = [];
    if (!reusable) this.destroy();
    this.#events.failed(kind, endNs, reusable);
  }
}

/** The whole check of one answer: its status, its form, and where expected values are given, those. */
function checkAnswer(answer: Answer, expected: readonly Tensor[] | undefined): ErrorKind | undefined {
  if (answer.status >= 500) return 'http-5xx';
  if (answer.status !== 200) return 'http-4xx';
  try {
    const declared = Number(answer.headers.get('inference-header-content-length') ?? answer.body.byteLength);
    const tensors = decodeInferenceResponse(answer.body, declared);
    return expected === undefined ? undefined : compareAnswers(tensors, expected);
  } catch {
    return 'wrong-shape';
  }
}
