import { Instance } from './instance.ts';

/** Threads kept for the next load; each takes about 22 MB. */
const keptCount = 16;

/** Threads that no model uses. Starting one takes longer than opening a small model in it, so they are used again. */
export class InstancePool {
  readonly #idle: Instance[] = [];
  /** Threads that are on their way into `#idle`. */
  #returningCount = 0;
  #isClosed = false;

  /** A thread without a model. */
  take(): Instance {
    return this.#idle.pop() ?? new Instance();
  }

  /** Takes a thread back that is not running anything; its model is closed first. */
  async giveBack(instance: Instance): Promise<void> {
    instance.onDeath = () => this.#forget(instance);
    const hasPlace = !this.#isClosed && this.#idle.length + this.#returningCount < keptCount;
    if (hasPlace && (await this.#closeModel(instance)) && !this.#isClosed) this.#idle.push(instance);
    else await instance.end();
  }

  async #closeModel(instance: Instance): Promise<boolean> {
    this.#returningCount += 1;
    try {
      return await instance.closeModel();
    } finally {
      this.#returningCount -= 1;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#idle.splice(0).map((instance) => instance.end()));
  }

  #forget(instance: Instance): void {
    const index = this.#idle.indexOf(instance);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}
