import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import { type ClientOptions, KServeClient, type ServedConfig } from '../../kserve/client.ts';

type PatientOptions = ClientOptions & {
  /** How long a change is left alone before the server is asked something else, and between such questions; 5 s where it is left out. */
  readonly askEveryMs?: number;
};

const defaultAskEveryMs = 5_000;

/**
 * A client for changes. It waits for as long as a large model takes, but not for a server that has fallen silent, as one does
 * behind a network that was cut: while a change is under way the server is asked what it is now and then, and where that
 * gets no answer within the time of a call, the change is given up with the reason.
 */
export class PatientClient extends KServeClient {
  readonly #options: PatientOptions;

  constructor(url: string, options: PatientOptions = {}) {
    super(url, undefined, options);
    this.#options = options;
  }

  override load(model: string, config?: ServedConfig): Promise<void> {
    return this.#unlessSilent((client) => client.load(model, config));
  }

  override unload(model: string): Promise<void> {
    return this.#unlessSilent((client) => client.unload(model));
  }

  async #unlessSilent(change: (client: KServeClient) => Promise<void>): Promise<void> {
    const over = new AbortController();
    const silence = new AbortController();
    const watch = this.#watch(over.signal).catch((reason: unknown) => silence.abort(reason));
    try {
      await change(new KServeClient(this.url, silence.signal, this.#options));
    } finally {
      over.abort();
      await watch;
    }
  }

  /** Rejects with the Failure of a question without an answer; resolves once the change is over. */
  async #watch(over: AbortSignal): Promise<void> {
    const { askEveryMs = defaultAskEveryMs } = this.#options;
    const client = new KServeClient(this.url, over, this.#options);
    while (!over.aborted) {
      try {
        await delay(askEveryMs, undefined, { signal: over });
        await client.serverMetadata();
      } catch (error) {
        // What answers with an error, or is no server, answers.
        if (!over.aborted && error instanceof Failure && error.code === 'no-answer') throw error;
      }
    }
  }
}
