import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine, EngineIdentity, Server } from '../engines/engine.ts';
import { Failure, messageOf } from '../failure.ts';
import { KServeError, type ServedConfig } from '../kserve/client.ts';
import { type Difference, differences } from '../modelconfig/compare.ts';
import type { PlainConfig } from '../modelconfig/plain.ts';
import type { Apply, EngineChoice } from '../plan/plan.ts';
import type { Candidate } from './candidates.ts';
import { type Clock, hostClock } from './clock.ts';
import type { StagedModel } from './repository.ts';

/** A variant in force on a running server: the config it serves was read back and is the one asked for. */
export type InForce = {
  readonly server: Server;
  readonly applied: Apply;
  /** Time from the request to load until the model was ready; for a restart the server's start included. */
  readonly loadMs: number;
  readonly served: ServedConfig;
  /** What the server logged since the load was asked for. */
  readonly log: readonly string[];
};

/** Why a variant did not come into force: data, not an error, since the sweep goes on without it. */
export type Refused = { readonly refused: string };

type Setup = {
  readonly engine: Engine;
  readonly choice: EngineChoice;
  readonly staged: StagedModel;
  readonly model: string;
  readonly autoCompleteConfig: boolean;
  readonly signal: AbortSignal;
  /** The engine that a run was begun with, where it goes on. */
  readonly expected?: EngineIdentity;
  /** The host's where left out. */
  readonly clock?: Clock;
};

const deathNoticeMs = 200;

/** The one server of a block at a time, and the variant in force on it. */
export class Deployment implements AsyncDisposable {
  readonly #setup: Setup;
  #server: Server | undefined;
  #loaded = false;
  #identity: (EngineIdentity & { command: readonly string[] }) | undefined;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** The engine as the server told it; undefined before the first start. */
  get identity(): (EngineIdentity & { command: readonly string[] }) | undefined {
    return this.#identity;
  }

  /** Ends the server, so that the next variant comes into force on a new process. */
  async fresh(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#loaded = false;
    await server?.stop();
  }

  /**
   * Writes the variant's config.pbtxt, has the server load it, reads the effective config back and compares.
   * @throws Failure (server) where the server itself does not start or dies.
   */
  async putInForce(
    { configText, config, variant }: Candidate,
    apply: 'reload' | 'restart',
  ): Promise<InForce | Refused> {
    const { clock = hostClock } = this.#setup;
    const startMs = clock.nowMs();
    if (apply === 'restart') await this.fresh();
    const server = await this.start();
    const mark = server.logMark();
    this.#setup.staged.writeConfig(configText);
    try {
      if (this.#loaded) await server.control.unload(this.#setup.model);
      this.#loaded = false;
      await server.control.load(this.#setup.model);
      this.#loaded = true;
    } catch (error) {
      if (!(error instanceof KServeError)) throw error;
      return { refused: reasonOf(error, server.logSince(mark)) };
    }
    const loadMs = clock.nowMs() - startMs;
    const served = await server.control.config(this.#setup.model);
    const wrong = differences(config, served as PlainConfig, Object.keys(variant.settings));
    if (wrong.length > 0)
      return { refused: `the server runs another configuration than asked: ${wrong.map(describe).join('; ')}` };
    return { server, applied: apply, loadMs, served, log: server.logSince(mark) };
  }

  /**
   * What a call that went wrong is due to: the server's death, where it died, else the error itself. A connection breaks
   * a moment before the end of its process is known.
   */
  async causeOf(error: unknown): Promise<unknown> {
    const died = this.#server?.died;
    if (died === undefined) return error;
    if (!died.aborted) await Promise.race([once(died, 'abort'), delay(deathNoticeMs)]);
    if (died.aborted) return died.reason;
    if (!(error instanceof KServeError)) return error;
    return new Failure('server', 'server-error', `the server answered with an error: ${error.message}`, {
      cause: error,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fresh();
  }

  /** The running server, started if there is none. */
  async start(): Promise<Server> {
    if (this.#server !== undefined) return this.#server;
    const { engine, choice, staged, autoCompleteConfig, signal } = this.#setup;
    const server = await engine.start({
      repository: staged.repository,
      autoCompleteConfig,
      flags: choice.flags,
      signal,
      ...(choice.httpPort === null ? {} : { httpPort: choice.httpPort }),
      ...(choice.grpcPort === null ? {} : { grpcPort: choice.grpcPort }),
    });
    this.#server = server;
    this.#checkIdentity(server);
    return server;
  }

  /** A run's numbers belong to one engine; another version behind the same path would mix two. */
  #checkIdentity({ identity, command }: Server): void {
    const before = this.#identity ?? this.#setup.expected;
    this.#identity = { ...identity, command };
    if (before === undefined || (before.version === identity.version && before.backend === identity.backend)) return;
    throw new Failure(
      'server',
      'engine-changed',
      `the server is now ${identity.version} (${identity.backend}), but was ${before.version} (${before.backend})`,
      {
        hint: 'a run cannot mix two engines: start a new sweep',
      },
    );
  }
}

/** Triton often answers only that it could not poll the repository; the reason then stands in its log. */
function reasonOf(error: KServeError, log: readonly string[]): string {
  const telling = log.filter((line) => /^E\d{4}|\berror\b|failed|unexpected|invalid|Exception/i.test(line)).slice(-3);
  const logged = telling.map((line) => line.replace(/^[EWI]\d{4} \S+ +\d+ +/, '')).join(' | ');
  if (logged === '' || error.reason.length > 80) return error.reason;
  return `${error.reason} (log: ${logged})`;
}

function describe({ path, asked, served }: Difference): string {
  return `${path} is ${show(served)}, ${asked === undefined ? 'where nothing was asked for' : `not ${show(asked)}`}`;
}

function show(value: unknown): string {
  return value === undefined ? 'not set' : messageOf(JSON.stringify(value));
}
