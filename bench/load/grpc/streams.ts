import type { ErrorKind } from '../answers.ts';
import type { Question } from '../rotation.ts';
import type { AnswerReader } from './answer.ts';
import { errorCodes } from './frames.ts';
import { Malformed } from './malformed.ts';
import type { Outgoing, Sender } from './sender.ts';

/** One request at a time, and who is told of its answer. */
export type Call = Outgoing & {
  /** Undefined while nothing is outstanding. */
  question: Question | undefined;
  readonly answer: AnswerReader;
  /** Not yet told that its connection is ready. */
  connecting: boolean;
  ready(): void;
  answered(endNs: number, verified: boolean): void;
  failed(kind: ErrorKind, endNs: number): void;
  /** Its request was not sent and will not be: another connection must be taken. */
  displaced(): void;
};

/** The streams of one connection that are open, and the calls that wait for one. */
export class Streams {
  /** The server sends nothing more, and nothing is waited for. */
  closed = false;
  readonly #sender: Sender;
  readonly #lastId: number;
  readonly #waited: () => void;
  readonly #open = new Map<number, Call>();
  #waiting: Call[] = [];
  #nextId = 1;
  /** Frames of streams up to here may still come in although they were given up. */
  #cancelledId = 0;
  #goingAway = false;

  /** No stream has a higher number than `lastId`; `waited` is called for each call that has to wait. */
  constructor(sender: Sender, lastId: number, waited: () => void) {
    this.#sender = sender;
    this.#lastId = lastId;
    this.#waited = waited;
  }

  /** No further request goes over this connection. */
  get exhausted(): boolean {
    return this.#goingAway || this.#nextId > this.#lastId;
  }

  /** The server goes away, and all that it will answer is answered. */
  get drained(): boolean {
    return this.#goingAway && this.#open.size === 0 && !this.closed;
  }

  get all(): Iterable<Call> {
    return this.#open.values();
  }

  /** Sends a call's question, or lets it wait where the server allows no more at a time. */
  open(call: Call): void {
    if (this.#open.size < this.#sender.settings.maxConcurrentStreams && this.#waiting.length === 0) {
      this.#begin(call);
      return;
    }
    this.#waiting.push(call);
    this.#waited();
  }

  get(streamId: number): Call | undefined {
    return this.#open.get(streamId);
  }

  /** The call that a part of an answer is for; undefined where it was given up. @throws Malformed where nothing was asked. */
  asked(streamId: number): Call | undefined {
    const call = this.#open.get(streamId);
    if (call === undefined && !(this.wasOpened(streamId) && streamId <= this.#cancelledId)) {
      throw new Malformed('an answer to nothing');
    }
    return call;
  }

  wasOpened(streamId: number): boolean {
    return streamId % 2 === 1 && streamId < this.#nextId;
  }

  /** The server has said all that it will say on a stream. */
  end(call: Call): void {
    this.#open.delete(call.streamId);
    if (call.sentBytes < call.body.byteLength) {
      this.#sender.drop(call);
      this.#sender.reset(call.streamId, errorCodes.noError);
    }
    if (this.#waiting.length > 0) this.startWaiting();
  }

  /** The server has broken a stream off. */
  broken(call: Call): void {
    this.#open.delete(call.streamId);
    this.#sender.drop(call);
    this.startWaiting();
  }

  /** Nothing more is wanted of a stream whose answer cannot be read. */
  refuse(call: Call): void {
    this.#giveUp(call, errorCodes.protocolError);
  }

  /** Gives up what is outstanding of a call, if anything. */
  cancel(call: Call): void {
    if (this.#open.get(call.streamId) === call) this.#giveUp(call, errorCodes.cancel);
    else this.#waiting = this.#waiting.filter((other) => other !== call);
  }

  /** The server takes no more requests; the calls whose requests it has not looked at. */
  goAway(lastStreamId: number): Call[] {
    this.#goingAway = true;
    this.startWaiting();
    const refused = [...this.#open.values()].filter(({ streamId }) => streamId > lastStreamId);
    for (const call of refused) this.broken(call);
    return refused;
  }

  /** Lets those wait no longer for whom there is a stream, or never will be. */
  startWaiting(): void {
    while (this.#waiting.length > 0) {
      if (!this.exhausted && this.#open.size >= this.#sender.settings.maxConcurrentStreams) return;
      const call = this.#waiting.shift();
      if (call === undefined) return;
      if (this.exhausted) call.displaced();
      else this.#begin(call);
    }
  }

  close(): void {
    this.closed = true;
    this.#open.clear();
    this.#waiting = [];
  }

  #begin(call: Call): void {
    call.streamId = this.#nextId;
    this.#nextId += 2;
    this.#open.set(call.streamId, call);
    this.#sender.open(call);
  }

  #giveUp(call: Call, errorCode: number): void {
    this.#open.delete(call.streamId);
    this.#cancelledId = Math.max(this.#cancelledId, call.streamId);
    this.#sender.drop(call);
    this.#sender.reset(call.streamId, errorCode);
    this.startWaiting();
  }
}
