import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { ErrorKind } from '../answers.ts';
import { bodyLimitBytes } from '../http/answer.ts';
import { headLimitBytes } from '../http/answer-head.ts';
import { checkAnswer } from '../http/check-answer.ts';
import type { Question } from '../rotation.ts';
import { type Channel, type ChannelEvents, nowNs } from '../transport.ts';
import { decodedBody, UndiciAnswer, type UndiciOutcome } from './undici-answer.ts';
import { connectThrough, dial, isTlsError, Unconnected, type Wrapping } from './wrapping.ts';

/** What undici is told with each request; `headers` are names and values in turn. */
export type UndiciRoute = {
  readonly origin: string;
  readonly path: string;
  headers(jsonBytes: number): string[];
};

/** Longer than any load lasts: a connection is closed by the server or by its user, never by undici. */
const neverMs = 2 ** 31 - 1;

/** One connection with at most one request outstanding. The socket is made here, so that undici can make no second one. */
export class UndiciConnection implements Channel {
  readonly #route: UndiciRoute;
  readonly #events: ChannelEvents;
  readonly #dialled: Socket;
  /** The dialled one, or TLS on top of it. */
  #socket: Socket;
  #client: Client | undefined;
  #question: Question | undefined;
  #answer: UndiciAnswer | undefined;
  /** The answer is here, and undici has not yet looked at what follows it. */
  #settling = false;
  /** Whether an answer has come in over this connection, a right one or not. */
  #proven = false;
  #closed = false;

  constructor(wrapping: Wrapping, route: UndiciRoute, events: ChannelEvents) {
    this.#route = route;
    this.#events = events;
    this.#dialled = dial(wrapping);
    this.#socket = this.#dialled;
    connectThrough(wrapping, this.#dialled).then(
      (socket) => this.#begin(socket),
      (error) => this.#fail(error instanceof Unconnected ? error.kind : 'connect', nowNs()),
    );
  }

  send(question: Question): void {
    const answer = new UndiciAnswer((outcome) => this.#settle(answer, outcome));
    this.#question = question;
    this.#answer = answer;
    this.#socket.off('readable', this.#watch);
    const { path } = this.#route;
    const headers = this.#route.headers(question.jsonBytes);
    this.#client?.dispatch({ path, method: 'POST', headers, body: question.bytes }, answer);
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Undici's own way takes its time.
    this.#socket.destroy();
    this.#dialled.destroy();
    this.#client?.destroy().catch(() => undefined);
  }

  #begin(socket: Socket): void {
    this.#socket = socket;
    if (this.#closed) {
      socket.destroy();
      return;
    }
    let taken = false;
    this.#client = new Client(this.#route.origin, {
      connect: (_options, tell) => {
        const second = taken;
        taken = true;
        // Told at once, undici would forget the request that it wanted the connection for.
        queueMicrotask(() => (second ? tell(new Error('the connection is lost'), null) : tell(null, socket)));
      },
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: neverMs,
      keepAliveMaxTimeout: neverMs,
      keepAliveTimeoutThreshold: -neverMs,
      maxHeaderSize: headLimitBytes,
      maxResponseSize: bodyLimitBytes,
      allowH2: false,
    });
    this.#client.on('disconnect', (_origin, _targets, error) => this.#lose(error, nowNs()));
    socket.once('close', () => this.#lose(socket.errored, nowNs()));
    socket.on('error', (error) => this.#lose(error, nowNs()));
    // Undici looks at its socket from the first request on; until then nobody else would see it close.
    socket.on('readable', this.#watch);
    this.#events.connected();
  }

  readonly #watch = (): void => {
    this.#socket.read(0);
  };

  #settle(answer: UndiciAnswer, outcome: UndiciOutcome): void {
    if (this.#closed || this.#answer !== answer) return;
    if ('error' in outcome) {
      this.#lose(outcome.error, outcome.endNs);
      return;
    }
    this.#settling = true;
    queueMicrotask(() => this.#complete(outcome));
  }

  #complete({ endNs, answer }: Extract<UndiciOutcome, { answer: unknown }>): void {
    const question = this.#question;
    this.#settling = false;
    if (this.#closed || question === undefined) return;
    const { destroyed, errored } = this.#socket;
    const kept = !destroyed;
    if (destroyed && (errored as NodeJS.ErrnoException | null)?.code !== 'UND_ERR_INFO') {
      this.#lose(errored, endNs);
      return;
    }
    this.#question = undefined;
    this.#answer = undefined;
    this.#proven = true;
    const body = decodedBody(answer);
    const check = body && checkAnswer({ ...answer, body, keepAlive: kept }, question.expected);
    if (check === undefined || 'wrong' in check) {
      this.#fail(check?.wrong ?? 'malformed', endNs, kept);
      return;
    }
    if (!kept) this.destroy();
    this.#events.answered(endNs, kept, question.expected !== null);
  }

  /** The connection is gone, which undici may tell of the request, of the connection, or of both. */
  #lose(error: unknown, endNs: number): void {
    if (this.#settling) return;
    this.#fail(malformation(error) ?? (isTlsError(error) ? 'tls' : this.#lossKind()), endNs);
  }

  #lossKind(): ErrorKind {
    if (this.#answer === undefined) return 'keep-alive-reset';
    return this.#proven && !this.#answer.begun ? 'keep-alive-reset' : 'reset';
  }

  #fail(kind: ErrorKind, endNs: number, reusable = false): void {
    if (this.#closed) return;
    this.#question = undefined;
    this.#answer = undefined;
    if (!reusable) this.destroy();
    this.#events.failed(kind, endNs, reusable);
  }
}

/** Bytes that are no answer. An answer that ends too early is none of them: that is a reset. */
function malformation(error: unknown): 'malformed' | undefined {
  const { name = '', code = '', message = '' } = (error ?? {}) as { name?: string; code?: string; message?: string };
  if (name === 'HTTPParserError') return message.includes('EOF') ? undefined : 'malformed';
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'malformed';
  return code === 'UND_ERR_SOCKET' && message.startsWith('bad ') ? 'malformed' : undefined;
}
