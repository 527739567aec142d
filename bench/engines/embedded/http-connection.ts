import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { decodedBody } from './http-content.ts';
import { HttpFault } from './http-head.ts';
import { errorAnswer, type HttpAnswer, type HttpHandler } from './http-message.ts';
import { type HttpLimits, HttpReader, type WireRequest } from './http-reader.ts';

/** What is read ahead of a request that is being answered. */
const readAheadBytes = 256 * 1024;
/** Smaller answers go out as one piece. */
const joinedBytes = 64 * 1024;

/** One client's connection: answers one request after the other, in the order in which they came. */
export class HttpConnection {
  /** Whether it has ever sent a whole request. */
  isProven = false;
  /** Set once: no more requests are read. */
  #isEnding = false;
  /** Set once: the client sends no more than what is here. */
  #hasAll = false;
  #isBusy = false;
  #hasContinued = false;
  #sinceMs = performance.now();
  readonly #socket: Socket;
  readonly #reader: HttpReader;
  readonly #handle: HttpHandler;

  constructor(socket: Socket, handle: HttpHandler, limits: HttpLimits) {
    this.#socket = socket;
    this.#handle = handle;
    this.#reader = new HttpReader(limits);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    // A client that has said all still wants its answers.
    socket.on('end', () => {
      this.#hasAll = true;
      this.#advance();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#isEnding = true;
    });
    socket.on('drain', () => this.#advance());
  }

  /** How long it has been waiting for the client, or undefined while the client waits for it. */
  waitingMs(nowMs: number): number | undefined {
    return this.#isBusy ? undefined : nowMs - this.#sinceMs;
  }

  /** Whether the client has begun a request, or owes the reading of an answer or its own end. */
  get isWithin(): boolean {
    return this.#reader.isWithin || this.#isEnding || this.#socket.writableNeedDrain;
  }

  /** Ends once the answer that is under way is out. */
  end(): void {
    this.#isEnding = true;
    if (!this.#isBusy) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Answers without a request, and ends. */
  refuse(status: number, message: string): void {
    this.#isEnding = true;
    this.#send(errorAnswer(status, message), { keepAlive: false, withBody: true });
  }

  #receive(bytes: Buffer): void {
    if (this.#isEnding) return;
    // One that sends a byte now and then has its whole request to send in the time.
    if (!this.#reader.isWithin) this.#sinceMs = performance.now();
    this.#reader.push(bytes);
    this.#advance();
  }

  /** Reads and answers until a request is not whole yet, an answer takes time, or the client does not read. */
  #advance(): void {
    this.#answerAll();
    if (this.#isEnding) return;
    const hasToWait = this.#isBusy || this.#socket.writableNeedDrain;
    const isFarAhead = hasToWait && this.#reader.bufferedBytes > readAheadBytes;
    if (isFarAhead) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    if (this.#hasAll && !hasToWait) this.end();
  }

  #answerAll(): void {
    while (!this.#isBusy && !this.#isEnding && !this.#socket.writableNeedDrain) {
      const request = this.#next();
      if (request === undefined) return;
      this.isProven = true;
      this.#isBusy = true;
      const answer = this.#answer(request);
      if (answer instanceof Promise) {
        void answer.then((whole) => {
          this.#finish(request, whole);
          this.#advance();
        });
      } else {
        this.#finish(request, answer);
      }
    }
  }

  #next(): WireRequest | undefined {
    try {
      const request = this.#reader.read();
      if (request === undefined && this.#reader.expectsContinue && !this.#hasContinued) {
        this.#hasContinued = true;
        this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      }
      return request;
    } catch (error) {
      if (!(error instanceof HttpFault)) throw error;
      this.refuse(error.status, error.message);
      return undefined;
    }
  }

  #answer({ head, body }: WireRequest): HttpAnswer | Promise<HttpAnswer> {
    const { method, path, headers } = head;
    const coding = headers.get('content-encoding');
    if (coding === undefined) return this.#handle({ method, path, headers, body });
    return decodedBody(coding, body).then(
      (decoded) => this.#handle({ method, path, headers, body: decoded }),
      (error: unknown) => {
        if (error instanceof HttpFault) return errorAnswer(error.status, error.message);
        throw error;
      },
    );
  }

  #finish({ head }: WireRequest, answer: HttpAnswer): void {
    this.#isBusy = false;
    this.#hasContinued = false;
    this.#sinceMs = performance.now();
    if (!head.keepAlive) this.#isEnding = true;
    this.#send(answer, { keepAlive: !this.#isEnding, withBody: head.method !== 'HEAD' });
    // What comes after the last answer is read, and thrown away, so that the client's end is seen.
    if (this.#isEnding) this.#socket.resume();
  }

  #send(answer: HttpAnswer, { keepAlive, withBody }: { keepAlive: boolean; withBody: boolean }): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const { status, contentType, inferenceHeaderBytes, body } = answer;
    let byteLength = 0;
    for (const part of body) byteLength += part.byteLength;
    const head = Buffer.from(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\nContent-Type: ${contentType}\r\n${
        inferenceHeaderBytes === undefined ? '' : `Inference-Header-Content-Length: ${inferenceHeaderBytes}\r\n`
      }Content-Length: ${byteLength}\r\n${keepAlive ? '' : 'Connection: close\r\n'}\r\n`,
      'latin1',
    );
    const parts = withBody ? [head, ...body] : [head];
    if (byteLength <= joinedBytes) {
      socket.write(Buffer.concat(parts));
    } else {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    }
    if (!keepAlive) socket.end();
  }
}
