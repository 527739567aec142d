import { Worker } from 'node:worker_threads';
import { Failure } from '../../failure.ts';
import type { PartResult } from './run-part.ts';
import type { PlainFailure, ThreadOrder, ThreadTask, ThreadWord } from './worker.ts';

const threadScript = new URL('./worker.ts', import.meta.url);

type Task = {
  readonly onEdge: (edge: 'open' | 'close') => void;
  readonly resolve: (result: PartResult | undefined) => void;
  readonly reject: (error: unknown) => void;
};

/** A thread that runs parts of loads, one at a time. Disposing of it ends it wherever it stands, with all its connections. */
export class LoadThread implements AsyncDisposable {
  readonly #worker: Worker;
  #task: Task | undefined;
  /** What it died of. */
  #death: unknown;

  constructor(script = threadScript) {
    // The flags of this process are not passed on: those that say what kind of text `node -e` was given would refuse a file.
    this.#worker = new Worker(script, { execArgv: [] });
    this.#worker.on('message', (word: ThreadWord) => this.#heard(word));
    this.#worker.once('error', (error: NodeJS.ErrnoException) => this.#died(explained(error)));
    this.#worker.once('exit', (code) => this.#died(endedByItself(code)));
  }

  get alive(): boolean {
    return this.#death === undefined;
  }

  /**
   * What it measures; undefined where it is told to give up. Rejects with what it fails with, and where it ends without a
   * word; in that case it is dead.
   */
  async run(task: ThreadTask, onEdge: (edge: 'open' | 'close') => void): Promise<PartResult | undefined> {
    if (this.#death !== undefined) throw this.#death;
    const { promise, resolve, reject } = Promise.withResolvers<PartResult | undefined>();
    this.#task = { onEdge, resolve, reject };
    this.#order({ kind: 'task', task });
    return promise;
  }

  /** Its load ends at once and is not measured. */
  giveUp(): void {
    this.#order({ kind: 'give-up' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #order(order: ThreadOrder): void {
    this.#worker.postMessage(order);
  }

  #heard(word: ThreadWord): void {
    if (word.kind === 'edge') {
      this.#task?.onEdge(word.edge);
      return;
    }
    const task = this.#task;
    this.#task = undefined;
    if (word.kind === 'measured') task?.resolve(word.result);
    else if (word.kind === 'gave-up') task?.resolve(undefined);
    else task?.reject(failureOf(word.failure));
  }

  #died(death: unknown): void {
    this.#death ??= death;
    this.#task?.reject(this.#death);
    this.#task = undefined;
  }
}

function failureOf({ exit, code, message, hint }: PlainFailure): Failure {
  return new Failure(exit, code, message, hint === null ? {} : { hint });
}

function explained(error: NodeJS.ErrnoException): unknown {
  if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new Failure('measurement', 'client-thread', 'a thread of the load generator ran out of memory', {
    hint: 'use fewer threads, or fewer and smaller requests',
    cause: error,
  });
}

function endedByItself(code: number): Failure {
  return new Failure(
    'measurement',
    'client-thread',
    `a thread of the load generator ended by itself (exit code ${code})`,
    { hint: 'measure again; if it happens again, use one thread' },
  );
}
