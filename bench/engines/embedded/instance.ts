import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { CoreError } from './failures.ts';
import { Mailbox, type PartedValue, signals } from './mailbox.ts';
import type { SessionOptions, SessionTensor, SessionValue } from './onnx-session.ts';

// onnxruntime tells its makers of its use and keeps an id in the home folder, unless it is asked not to. A benchmark sends
// nothing to anybody. Asked here, not in the thread: native code does not see a thread's own copy of the environment.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

/** What a thread is given when it starts. */
export type InstanceThread = { readonly memory: SharedArrayBuffer; readonly port: MessagePort };

/** What the main thread asks of an instance's thread by message, one order at a time. */
export type Order =
  | { readonly kind: 'open'; readonly path: string; readonly options: SessionOptions }
  | { readonly kind: 'close' }
  | { readonly kind: 'run'; readonly feeds: readonly SessionValue[]; readonly fetches: readonly string[] };

export type Answer =
  | { readonly kind: 'opened'; readonly inputs: readonly SessionTensor[]; readonly outputs: readonly SessionTensor[] }
  | {
      readonly kind: 'ran';
      readonly outputs: readonly SessionValue[];
      /** When the session began and ended its run, on the clock of process.hrtime. */
      readonly startNs: number;
      readonly endNs: number;
    }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly message: string };

export type OpenModel = Answer & { readonly kind: 'opened' };
export type RunResult = Answer & { readonly kind: 'ran' };

/** A thread of its own that runs one model. It takes one order at a time. */
export class Instance {
  /** Called when the thread ends without having been asked to. */
  onDeath: ((reason: string) => void) | undefined;
  readonly #worker: Worker;
  readonly #mailbox = new Mailbox();
  readonly #port: MessagePort;
  #inputNames: readonly string[] = [];
  #outputNames: readonly string[] = [];
  #end: string | undefined;
  #isBusy = false;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData: InstanceThread = { memory: this.#mailbox.memory, port: port2 };
    // The flags of this process are not passed on: those of `node -e` would refuse a file.
    const settings = { workerData, transferList: [port2], execArgv: [] };
    this.#worker = new Worker(new URL('./instance-worker.ts', import.meta.url), settings);
    this.#worker.on('error', (error) => this.#die(error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', (code) => this.#die(`its thread ended with code ${code}`));
  }

  get isAlive(): boolean {
    return this.#end === undefined;
  }

  /** @throws CoreError (INTERNAL) with onnxruntime's own words where it cannot open the model. */
  async open(path: string, options: SessionOptions): Promise<OpenModel> {
    const answer = await this.#message({ kind: 'open', path, options }, []);
    if (answer.kind !== 'opened') throw new CoreError('INTERNAL', `onnx runtime error: ${wordsOf(answer)}`);
    this.#inputNames = answer.inputs.map(({ name }) => name);
    this.#outputNames = answer.outputs.map(({ name }) => name);
    return answer;
  }

  /** Closes the model, if one is open; false where the thread is no longer of use. */
  async closeModel(): Promise<boolean> {
    if (this.#isBusy) return false;
    const answer = await this.#message({ kind: 'close' }, []).catch(() => undefined);
    return answer?.kind === 'closed';
  }

  /** Runs one batch. @throws CoreError (INTERNAL) with onnxruntime's own words. */
  async run(feeds: readonly PartedValue[], fetches: readonly string[]): Promise<RunResult> {
    const answer = await (this.#share(feeds, fetches) ?? this.#message(...runOrder(feeds, fetches)));
    if (answer.kind !== 'ran') throw new CoreError('INTERNAL', `onnx runtime error: ${wordsOf(answer)}`);
    return answer;
  }

  /** Ends the thread; a run under way fails. */
  async end(): Promise<void> {
    this.onDeath = undefined;
    this.#end ??= 'it was ended';
    await this.#worker.terminate();
  }

  #share(feeds: readonly PartedValue[], fetches: readonly string[]): Promise<Answer> | undefined {
    const isUsual =
      feeds.length === this.#inputNames.length && feeds.every(({ name }, at) => name === this.#inputNames[at]);
    if (!isUsual || this.#outputNames.length > 31 || this.#end !== undefined) return undefined;
    let mask = 0;
    for (const name of fetches) mask |= 1 << this.#outputNames.indexOf(name);
    if (!this.#mailbox.put(feeds, mask)) return undefined;
    this.#mailbox.sendOrder(signals.shared);
    return this.#answer(fetches);
  }

  #message(order: Order, transfer: ArrayBuffer[]): Promise<Answer> {
    if (this.#end !== undefined) return Promise.reject(gone(this.#end));
    this.#port.postMessage(order, transfer);
    this.#mailbox.sendOrder(signals.message);
    return this.#answer(order.kind === 'run' ? order.fetches : []);
  }

  async #answer(fetches: readonly string[]): Promise<Answer> {
    this.#isBusy = true;
    const signal = await this.#mailbox.awaitAnswer();
    this.#isBusy = false;
    if (signal === signals.over) throw gone(this.#end ?? '');
    if (signal === signals.message) return receiveMessageOnPort(this.#port)?.message as Answer;
    return { kind: 'ran', outputs: this.#mailbox.take(fetches), ...this.#mailbox.times };
  }

  #die(reason: string): void {
    const wasAsked = this.#end !== undefined;
    this.#end ??= reason;
    this.#mailbox.sendAnswer(signals.over);
    this.#port.close();
    if (!wasAsked) this.onDeath?.(reason);
  }
}

/** The order as a message: each tensor joined in a buffer of its own, which is handed over. */
function runOrder(feeds: readonly PartedValue[], fetches: readonly string[]): [Order, ArrayBuffer[]] {
  const joined = feeds.map(({ name, dims, parts }) => ({ name, dims, data: join(parts) }));
  return [{ kind: 'run', feeds: joined, fetches }, joined.map(({ data }) => data.buffer)];
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

function gone(reason: string): CoreError {
  return new CoreError('INTERNAL', `the model instance died: ${reason}`);
}

function wordsOf(answer: Answer): string {
  return answer.kind === 'failed' ? answer.message : `unexpected answer ${answer.kind}`;
}
