import { setTimeout as delay } from 'node:timers/promises';
import { KServeClient, type ServedConfig } from '../../kserve/client.ts';
import type { ServerLog } from '../local/server-log.ts';

const pollMs = 2;
const lateMs = 1_000;
const quietMs = 60;

/**
 * Control calls whose answers come no sooner than what the server logged before them: the log of a container takes a way of its
 * own, through the daemon, and would else be read too early.
 */
export class LoggedClient extends KServeClient {
  readonly #log: ServerLog;
  #tellsLoads = true;

  constructor(url: string, signal: AbortSignal, log: ServerLog) {
    super(url, signal);
    this.#log = log;
  }

  override async load(model: string, config?: ServedConfig): Promise<void> {
    const mark = this.#log.mark();
    try {
      await super.load(model, config);
    } catch (error) {
      await logSettles(this.#log, mark);
      throw error;
    }
    if (!this.#tellsLoads) return;
    // A server may be told not to say so; it is asked once.
    this.#tellsLoads = await logHas(this.#log, mark, `successfully loaded '${model}'`);
  }
}

/** Waits until nothing more came for a moment. */
export async function logSettles(log: ServerLog, since: number): Promise<void> {
  const deadline = performance.now() + lateMs;
  let [seen, changedMs] = [since, performance.now()];
  while (performance.now() < Math.min(deadline, changedMs + quietMs)) {
    await delay(pollMs);
    const mark = log.mark();
    if (mark !== seen) [seen, changedMs] = [mark, performance.now()];
  }
}

async function logHas(log: ServerLog, mark: number, text: string): Promise<boolean> {
  const deadline = performance.now() + lateMs;
  while (!log.since(mark).some((line) => line.includes(text))) {
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}
