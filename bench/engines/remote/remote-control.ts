import { type ClientOptions, KServeClient, KServeError, type ServedConfig } from '../../kserve/client.ts';
import { isOff, uncontrolled } from './custody.ts';

type Options = ClientOptions & {
  /** HOST:PORT, for people. */
  readonly server: string;
  /** Ends calls that change nothing. */
  readonly signal: AbortSignal;
  /** For changes, see `Custody`. */
  readonly changes: KServeClient;
  readonly beforeChange: (model: string) => Promise<void>;
};

/**
 * Control calls to a remote server. No change reaches it before what it was is noted, and a change that was begun is waited for
 * even where the user has had enough: how the server stands is then known.
 */
export class RemoteControl extends KServeClient {
  readonly #options: Options;

  constructor(url: string, options: Options) {
    super(url, options.signal, options);
    this.#options = options;
  }

  override load(model: string, config?: ServedConfig): Promise<void> {
    return this.#change(model, (changes) => changes.load(model, config));
  }

  override unload(model: string): Promise<void> {
    return this.#change(model, (changes) => changes.unload(model));
  }

  async #change(model: string, change: (changes: KServeClient) => Promise<void>): Promise<void> {
    const { signal, beforeChange, changes, server } = this.#options;
    signal.throwIfAborted();
    await beforeChange(model);
    signal.throwIfAborted();
    try {
      await change(changes);
    } catch (error) {
      throw error instanceof KServeError && isOff(error) ? uncontrolled(server, error) : error;
    }
    signal.throwIfAborted();
  }
}
