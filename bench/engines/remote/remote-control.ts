import { Failure } from '../../failure.ts';
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
      throw error instanceof KServeError ? explained(server, error) : error;
    }
    signal.throwIfAborted();
  }
}

/** What is not about the configuration must not be taken for its refusal. */
function explained(server: string, error: KServeError): Error {
  const { status } = error;
  if (isOff(error) || status === 401 || status === 403) return uncontrolled(server, error);
  if (status !== 502 && status !== 504) return error;
  return new Failure('server', 'gateway', `what stands before ${server} gave up: ${error.message}`, {
    hint: 'is the server still there, and does the gateway wait for as long as a load takes?',
    cause: error,
  });
}
