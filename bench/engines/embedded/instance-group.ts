import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../failure.ts';
import type { PlainConfig } from '../../modelconfig/plain.ts';
import { CoreError } from './failures.ts';
import type { Instance } from './instance.ts';
import type { InstancePool } from './instance-pool.ts';
import { checkAgainstModel } from './model-check.ts';
import type { SessionOptions } from './onnx-session.ts';
import type { Scheduler } from './scheduler.ts';

export type InstanceGroupOptions = {
  readonly config: PlainConfig;
  readonly version: string;
  readonly path: string;
  readonly sessionOptions: SessionOptions;
  readonly instanceCount: number;
  readonly pool: InstancePool;
  readonly scheduler: Scheduler;
  /** Ends an opening that is under way. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
};

/** More threads at the same time open no sooner, and each has to end its own opening before it can be ended. */
const openingCount = 2 * availableParallelism();

const firstRestartDelayMs = 10;
const maxRestartDelayMs = 5000;

/** The instances of one version: as many as its config asks for, each replaced when it dies. */
export class InstanceGroup {
  readonly #options: InstanceGroupOptions;
  readonly #instances = new Set<Instance>();
  readonly #starts = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: InstanceGroupOptions) {
    this.#options = options;
  }

  /** @throws CoreError (INTERNAL) where an instance cannot open the model or the config does not fit it. */
  async open(): Promise<void> {
    const { instanceCount, signal } = this.#options;
    let leftCount = instanceCount;
    const openSome = async (): Promise<void> => {
      while (leftCount > 0) {
        leftCount -= 1;
        if (signal.aborted) throw new CoreError('UNAVAILABLE', 'the server is ending');
        await this.#start();
      }
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: Math.min(instanceCount, openingCount) }, () =>
        openSome().catch((error: unknown) => {
          leftCount = 0;
          throw error;
        }),
      ),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    // A thread that is ended while it opens a model takes the process with it.
    await Promise.allSettled(this.#starts);
    await Promise.all([...this.#instances].map((instance) => this.#options.pool.giveBack(instance)));
    this.#instances.clear();
  }

  async #start(): Promise<void> {
    const start = this.#startOne();
    this.#starts.add(start);
    try {
      await start;
    } finally {
      this.#starts.delete(start);
    }
  }

  async #startOne(): Promise<void> {
    const { config, path, sessionOptions, scheduler, pool } = this.#options;
    const instance = pool.take();
    this.#instances.add(instance);
    try {
      checkAgainstModel(config, await instance.open(path, sessionOptions), config.name ?? '');
    } catch (error) {
      this.#instances.delete(instance);
      await pool.giveBack(instance);
      throw error;
    }
    if (this.#closing.signal.aborted) return;
    instance.onDeath = (reason) => void this.#replace(instance, reason);
    scheduler.offer(instance);
  }

  async #replace(dead: Instance, reason: string): Promise<void> {
    const { config, version, scheduler, log } = this.#options;
    const { signal } = this.#closing;
    scheduler.withdraw(dead);
    this.#instances.delete(dead);
    log(`an instance of '${config.name}' version ${version} died: ${reason}; starting another`);
    for (let delayMs = firstRestartDelayMs; !signal.aborted; delayMs = Math.min(2 * delayMs, maxRestartDelayMs)) {
      try {
        return await this.#start();
      } catch (error) {
        log(`an instance of '${config.name}' version ${version} does not start again: ${messageOf(error)}`);
        if (this.#instances.size === 0) {
          scheduler.abandon(
            new CoreError('UNAVAILABLE', `model '${config.name}' has no instance left: ${messageOf(error)}`),
          );
        }
        await delay(delayMs, undefined, { signal }).catch(() => {});
      }
    }
  }
}
