import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../testing/scripted-model.ts';
import type { ErrorKind } from './answers.ts';
import { type Question, Rotation } from './rotation.ts';
import {
  type Carrier,
  type Channel,
  type ChannelEvents,
  plainTarget,
  type Target,
  type Transport,
} from './transport.ts';

/** What a channel told: one thing at a time, in order. */
export type Told =
  | { readonly kind: 'connected' }
  | { readonly kind: 'answered'; readonly reusable: boolean; readonly verified: boolean }
  | { readonly kind: 'failed'; readonly error: ErrorKind; readonly reusable: boolean };

export const rightly: Told = { kind: 'answered', reusable: true, verified: true };

export function failed(error: ErrorKind, reusable: boolean): Told {
  return { kind: 'failed', error, reusable };
}

/** So long something may take that is expected to happen. */
const patienceMs = 10_000;

/** One channel, whose events are taken one by one; whatever is told unasked stays in `untaken`. */
export class Conversation implements ChannelEvents, Disposable {
  readonly untaken: Told[] = [];
  readonly channel: Channel;
  #wanted: ((told: Told) => void) | undefined;
  /** Nothing may be told from within `open` and `send`. */
  #calling = true;

  constructor(carrier: Carrier) {
    this.channel = carrier.open(this);
    this.#calling = false;
  }

  connected(): void {
    this.#tell({ kind: 'connected' });
  }

  answered(endNs: number, reusable: boolean, verified: boolean): void {
    assert(endNs <= performance.now() * 1e6);
    this.#tell({ kind: 'answered', reusable, verified });
  }

  failed(error: ErrorKind, endNs: number, reusable: boolean): void {
    assert(endNs <= performance.now() * 1e6);
    this.#tell({ kind: 'failed', error, reusable });
  }

  async next(): Promise<Told> {
    const told = this.untaken.shift();
    if (told !== undefined) return told;
    const { promise, resolve, reject } = Promise.withResolvers<Told>();
    const timer = setTimeout(() => reject(new Error('the channel told nothing')), patienceMs);
    this.#wanted = resolve;
    return await promise.finally(() => clearTimeout(timer));
  }

  async ask(question: Question): Promise<Told> {
    this.send(question);
    return await this.next();
  }

  send(question: Question): void {
    this.#calling = true;
    this.channel.send(question);
    this.#calling = false;
  }

  [Symbol.dispose](): void {
    this.channel.destroy();
  }

  #tell(told: Told): void {
    assert(!this.#calling, 'a channel told something from within a call');
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted === undefined) this.untaken.push(told);
    else wanted(told);
  }
}

/** A carrier for one target of the scripted model, and what is asked over it. */
export function carry(
  transport: Transport,
  address: { readonly host: string; readonly port: number },
  { shared = false, ...part }: Partial<Target> & { shared?: boolean } = {},
): Disposable & { open(): Promise<Conversation>; question(options?: QuestionOptions): Question; carrier: Carrier } {
  const target = { ...plainTarget(address, scriptedModel), ...part };
  const carrier = transport.open(target, { shared });
  return {
    carrier,
    async open() {
      const conversation = new Conversation(carrier);
      assert.deepEqual(await conversation.next(), { kind: 'connected' });
      return conversation;
    },
    question: (options) => questionOf(transport, target, options),
    [Symbol.dispose]: () => carrier[Symbol.dispose](),
  };
}

type QuestionOptions = { readonly rows?: number; readonly width?: number; readonly known?: boolean };

/** `rows` of 4 numbers in, `width` columns of the output `total` back. */
function questionOf(
  transport: Transport,
  target: Target,
  { rows = 1, width = 1, known = true }: QuestionOptions = {},
): Question {
  const input = scriptedInput(Array.from({ length: rows }, (_, row) => [row, 0.5, 1, 2]));
  const expected = known ? scriptedOutputs(input, width) : null;
  return new Rotation([{ ...transport.encode(target, [input]), expected }]).next();
}

/** Waits until it holds; fails where it never does. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`never: ${what}`);
    await delay(5);
  }
}
