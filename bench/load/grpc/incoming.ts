import type { ErrorKind } from '../answers.ts';
import { resetKind } from './answer-headers.ts';
import { checkAnswer } from './check-answer.ts';
import type { FrameHead, FrameSink } from './frame-reader.ts';
import { FrameRun } from './frame-run.ts';
import { frameFlags, frameHeadBytes, frameTypes, readStreamId } from './frames.ts';
import { HeaderBlocks, type ReadBlock } from './header-blocks.ts';
import type { KnownAnswers } from './known-answers.ts';
import { Malformed } from './malformed.ts';
import type { Sender } from './sender.ts';
import type { Call, Streams } from './streams.ts';

export type IncomingEvents = {
  /** The server's first settings have come in. */
  ready(): void;
  /** The server goes away and has answered all that it will answer. */
  drained(): void;
};

/** Takes the server's frames and tells the calls what came of their requests. Its methods throw Malformed where the connection is of no more use. */
export class Incoming implements FrameSink {
  /** Right answers, wrong ones and errors that were sent. */
  answeredCount = 0;
  readonly #streams: Streams;
  readonly #sender: Sender;
  readonly #known: KnownAnswers;
  readonly #events: IncomingEvents;
  readonly #blocks = new HeaderBlocks();
  readonly #run = new FrameRun();
  #greeted = false;
  #endNs = 0;

  constructor(parts: { streams: Streams; sender: Sender; known: KnownAnswers }, events: IncomingEvents) {
    this.#streams = parts.streams;
    this.#sender = parts.sender;
    this.#known = parts.known;
    this.#events = events;
  }

  get closed(): boolean {
    return this.#streams.closed;
  }

  /** Bytes that came in at `endNs` follow. */
  beginRead(endNs: number): void {
    this.#endNs = endNs;
    this.#run.reset();
  }

  takeKnown(received: Buffer, at: number, size: number): number {
    const { length } = this.#known;
    if (length === 0 || size - at < length || received[at + 3] !== frameTypes.headers) return 0;
    const call = this.#streams.get(readStreamId(received, at + 5));
    if (call === undefined || call.answer.begun || call.sentBytes < call.body.byteLength) return 0;
    if (call.question === undefined || this.#blocks.openStreamId !== undefined) return 0;
    const look = this.#known.look(received, at, call.question);
    if (look === 'unknown') return 0;
    this.#sender.took(this.#known.dataBytes);
    this.answeredCount += 1;
    this.#streams.end(call);
    call.answered(this.#endNs, look === 'verified');
    this.#leaveIfDrained();
    return length;
  }

  frame(head: FrameHead, bytes: Buffer, start: number, end: number): void {
    const { type, flags, streamId } = head;
    if (!this.#greeted && type !== frameTypes.settings) throw new Malformed('this is no HTTP/2 server');
    if (this.#blocks.openStreamId !== undefined && type !== frameTypes.continuation) {
      throw new Malformed('headers are interrupted');
    }
    if ((flags & (frameFlags.padded | frameFlags.priority)) !== 0) this.#run.reset();
    else this.#run.note(head, bytes, start - frameHeadBytes, end);
    switch (type) {
      case frameTypes.data:
        this.#data(head, bytes, start, end);
        break;
      case frameTypes.headers:
        this.#block(this.#blocks.begin(streamId, flags, bytes.subarray(start, end)), streamId);
        break;
      case frameTypes.continuation:
        this.#block(this.#blocks.go(streamId, flags, bytes.subarray(start, end)), streamId);
        break;
      case frameTypes.pushPromise:
        throw new Malformed('a push, which was ruled out');
      default:
        this.#control(head, bytes.subarray(start, end));
    }
  }

  #control({ type, flags, streamId }: FrameHead, payload: Buffer): void {
    switch (type) {
      case frameTypes.rstStream:
        expect(payload.byteLength === 4 && this.#streams.wasOpened(streamId), 'a reset of what was never open');
        this.#reset(streamId, payload.readUInt32BE(0));
        break;
      case frameTypes.settings:
        expect(streamId === 0, 'settings of a stream');
        this.#settings(flags, payload);
        break;
      case frameTypes.ping:
        expect(streamId === 0 && payload.byteLength === 8, 'a broken ping');
        if ((flags & frameFlags.ack) === 0) this.#sender.answerPing(payload);
        break;
      case frameTypes.goAway:
        expect(streamId === 0 && payload.byteLength >= 8, 'a broken farewell');
        for (const call of this.#streams.goAway(readStreamId(payload, 0))) call.failed('refused-stream', this.#endNs);
        this.#leaveIfDrained();
        break;
      case frameTypes.windowUpdate:
        expect(payload.byteLength === 4 && (streamId === 0 || this.#streams.wasOpened(streamId)), 'a broken credit');
        this.#credit(streamId, readStreamId(payload, 0));
        break;
      default:
      // PRIORITY, and whatever later versions add, means nothing here.
    }
  }

  #data({ flags, streamId }: FrameHead, bytes: Buffer, start: number, end: number): void {
    const padded = (flags & frameFlags.padded) !== 0;
    const from = padded ? start + 1 : start;
    const to = padded ? end - (bytes[start] ?? 0) : end;
    if (from > to) throw new Malformed('padding is longer than its frame');
    this.#sender.took(end - start);
    const call = this.#streams.asked(streamId);
    if (call === undefined) return;
    try {
      call.answer.data(bytes, from, to);
    } catch (error) {
      this.#refuse(call, error);
      return;
    }
    if ((flags & frameFlags.endStream) !== 0) this.#conclude(call);
  }

  #block(block: ReadBlock | undefined, streamId: number): void {
    if (block === undefined || !this.#blocks.selfContained) this.#run.reset();
    const call = this.#streams.asked(streamId);
    if (call === undefined || block === undefined) return;
    try {
      call.answer.headers(block.headers, block.endStream);
    } catch (error) {
      this.#refuse(call, error);
      return;
    }
    if (block.endStream) this.#conclude(call);
  }

  /** The stream's last frame has come in. */
  #conclude(call: Call): void {
    const { question, answer, streamId } = call;
    if (question === undefined) return;
    let wrong: ErrorKind | undefined;
    try {
      wrong = answer.end();
    } catch (error) {
      this.#refuse(call, error);
      return;
    }
    const check = wrong === undefined ? checkAnswer(answer.message, question) : { wrong };
    const frames = this.#run.answer(streamId);
    if ('tensors' in check && frames !== undefined) {
      this.#known.remember(frames, answer.message, check.tensors, question);
    }
    this.answeredCount += 1;
    this.#streams.end(call);
    if ('wrong' in check) call.failed(check.wrong, this.#endNs);
    else call.answered(this.#endNs, check.verified);
    this.#leaveIfDrained();
  }

  /** A stream whose answer is malformed fails alone. */
  #refuse(call: Call, error: unknown): void {
    if (!(error instanceof Malformed)) throw error;
    this.#streams.refuse(call);
    call.failed('malformed', this.#endNs);
    this.#leaveIfDrained();
  }

  #reset(streamId: number, errorCode: number): void {
    const call = this.#streams.get(streamId);
    if (call === undefined) return;
    this.#streams.broken(call);
    call.failed(resetKind(errorCode), this.#endNs);
    this.#leaveIfDrained();
  }

  #settings(flags: number, payload: Buffer): void {
    if ((flags & frameFlags.ack) !== 0) {
      expect(this.#greeted && payload.byteLength === 0, 'a broken acknowledgement');
      this.#blocks.withoutTable();
      return;
    }
    this.#sender.change(payload, this.#streams.all);
    if (this.#greeted) {
      this.#streams.startWaiting();
      return;
    }
    this.#greeted = true;
    this.#events.ready();
  }

  #credit(streamId: number, bytes: number): void {
    const call = this.#streams.get(streamId);
    if (streamId === 0 || call !== undefined) this.#sender.credit(call, bytes);
  }

  #leaveIfDrained(): void {
    if (this.#streams.drained) this.#events.drained();
  }
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Malformed(otherwise);
}
