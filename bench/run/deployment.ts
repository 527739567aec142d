import { deathBehind } from '../engines/death-notice.ts';
import type { Engine, EngineIdentity, RunNotes, Server } from '../engines/engine.ts';
import type { Placement } from '../engines/placement/choose.ts';
import { Failure, messageOf } from '../failure.ts';
import { KServeError, type ServedConfig } from '../kserve/client.ts';
import { type Difference, differences } from '../modelconfig/compare.ts';
import type { PlainConfig } from '../modelconfig/plain.ts';
import type { Apply, EngineChoice } from '../plan/plan.ts';
import { configSettings, flagsFor } from '../plan/server-flags.ts';
import type { Candidate } from './candidates.ts';
import { type Clock, hostClock } from './clock.ts';
import { flagsNotGiven, flagsWithoutEffect, isOfFlags, serverFacts, startRefusal } from './flag-proof.ts';
import { ModelCopies, type ModelCopy } from './model-copies.ts';
import { checkServerPlace, serverPlacement } from './placing.ts';
import { checkPreload } from './preload.ts';
import { refusalClue } from './refusal-clue.ts';
import type { StagedModel } from './repository.ts';

/** A variant in force on a running server: the config it serves was read back and is the one asked for. */
export type InForce = {
  readonly server: Server;
  /** The name that the variant is served under. */
  readonly model: string;
  readonly applied: Apply;
  /**
   * Time from the request to load until the model was ready; for a restart the server's start included. Of a variant that lies
   * beside others since the server was started it is what its load took then; 0 of a model that stays.
   */
  readonly loadMs: number;
  readonly served: ServedConfig;
  /** What the server logged of its load. */
  readonly log: readonly string[];
  /** Parts of the time that this took: starting the server, and reading the configuration back. */
  readonly tookMs: { readonly serverStart: number; readonly readBack: number };
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
  /** Both share all CPUs where left out. */
  readonly placement?: Placement;
  /** The engine that a run was begun with, where it goes on. */
  readonly expected?: EngineIdentity;
  /** The host's where left out. */
  readonly clock?: Clock;
  /** The run that the servers are for. */
  readonly run?: RunNotes;
};

/** `configText`: that it was loaded with, less a copy's own name. */
type Loaded = { readonly configText: string; readonly loadMs: number; readonly log: readonly string[] };

/** A shorter reason of a server says no more than that a load failed. */
const tellingLength = 80;

/** The one server of a block at a time, and the variants in force on it. */
export class Deployment implements AsyncDisposable {
  readonly #setup: Setup;
  readonly #copies: ModelCopies;
  #server: Server | undefined;
  /** The words of the running server's command line that depend on the variant. */
  #flags: readonly string[];
  /** Models of the running server, by name. */
  readonly #loaded = new Map<string, Loaded>();
  #beside: readonly Candidate[] = [];
  /** What starting the server took for the variant that was put in force last. */
  #serverStartMs = 0;
  #identity: (EngineIdentity & { command: readonly string[] }) | undefined;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#flags = setup.choice.flags;
    this.#copies = new ModelCopies(setup.staged.repository, setup.model);
  }

  /** The engine as the first server told it; undefined before the first start. */
  get identity(): (EngineIdentity & { command: readonly string[] }) | undefined {
    return this.#identity;
  }

  /**
   * Ends the server, so that the next variant comes into force on a new process; one that is attached may have no way to begin
   * anew, and stays. Where variants are colocated, those of `beside` are loaded side by side on that process before the first of
   * them is used.
   */
  async fresh(beside: readonly Candidate[] = []): Promise<void> {
    this.#beside = beside;
    await this.#renew();
  }

  /**
   * Has a server with the variant's flags serve its config.pbtxt, reads the effective config back and compares. With `keep` a
   * model that was loaded with the same text stays.
   * @throws Failure (server) where the server itself does not start or dies, unless it is for flags of the variant's own.
   */
  async putInForce(candidate: Candidate, apply: Apply): Promise<InForce | Refused> {
    const startMs = this.#clock.nowMs();
    if (apply === 'restart') await this.#renew();
    const server = await this.#startFor(candidate);
    if ('refused' in server) return server;
    this.#serverStartMs = this.#clock.nowMs() - startMs;
    const mark = server.logMark();
    try {
      if (apply === 'keep' && server.attached !== undefined) return await this.#asItIs(server, candidate);
      if (apply === 'colocate') return await this.#useCopy(server, candidate);
      const loaded = (apply === 'keep' ? this.#kept(candidate) : undefined) ?? (await this.#reload(server, candidate));
      const loadMs = apply === 'restart' ? this.#clock.nowMs() - startMs : loaded.loadMs;
      const copy = { model: this.#setup.model, config: candidate.config };
      return await this.#check({ server, applied: apply, ...loaded, loadMs }, candidate, copy);
    } catch (error) {
      if (!(error instanceof KServeError)) throw error;
      const reason = reasonOf(error, server.logSince(mark));
      const isTold = server.attached === undefined || reason.length > tellingLength;
      return { refused: isTold ? reason : `${reason} (${refusalClue(candidate.config, this.#setup.model)})` };
    }
  }

  /**
   * What a call that went wrong is due to: the server's death, where it died, else the error itself, as a Failure (server).
   */
  async causeOf(error: unknown): Promise<unknown> {
    const died = this.#server?.died;
    if (died === undefined) return error;
    const cause = await deathBehind(error, died);
    if (!(cause instanceof KServeError)) return cause;
    return new Failure('server', 'server-error', `the server answered with an error: ${cause.message}`, {
      cause,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  /** The running server, started with the plan's flags if there is none. */
  async start(flags = this.#setup.choice.flags): Promise<Server> {
    if (this.#server !== undefined) return this.#server;
    const { engine, choice, staged, autoCompleteConfig, signal, placement, run } = this.#setup;
    const place = placement === undefined ? undefined : serverPlacement(placement);
    const server = await engine.start({
      repository: staged.repository,
      autoCompleteConfig,
      flags,
      signal,
      ...(run === undefined ? {} : { run }),
      ...(place === undefined ? {} : { placement: place }),
      ...(choice.httpPort === null ? {} : { httpPort: choice.httpPort }),
      ...(choice.grpcPort === null ? {} : { grpcPort: choice.grpcPort }),
    });
    this.#server = server;
    this.#flags = flags;
    this.#checkIdentity(server);
    if (placement !== undefined) checkServerPlace(server, placement);
    checkPreload(server, choice.environment);
    return server;
  }

  get #clock(): Clock {
    return this.#setup.clock ?? hostClock;
  }

  async #end(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#loaded.clear();
    await server?.stop();
  }

  async #renew(): Promise<void> {
    const server = this.#server;
    if (server?.attached === undefined) return await this.#end();
    if (!(await server.attached.renew())) return;
    this.#loaded.clear();
    this.#checkIdentity(server);
  }

  /** The running server if it has the variant's flags, else a new one. */
  async #startFor({ variant }: Candidate): Promise<Server | Refused> {
    const { choice, signal } = this.#setup;
    const flags = flagsFor(choice.flags, variant.settings);
    if (this.#server !== undefined && !same(flags, this.#flags)) await this.#end();
    if (same(flags, choice.flags)) return await this.start();
    try {
      const server = await this.start(flags);
      const useless = flagsWithoutEffect(variant.settings, server.logSince(0));
      if (useless.length > 0) return { refused: `this server makes nothing of ${useless.map(dashed).join(', ')}` };
      const missing = flagsNotGiven(variant.settings, serverFacts(server, {}).command);
      if (missing.length > 0) return { refused: `the server runs without ${missing.map(dashed).join(', ')}` };
      return server;
    } catch (error) {
      if (signal.aborted || !(error instanceof Failure) || !isOfFlags(error)) throw error;
      return { refused: startRefusal(error) };
    }
  }

  async #reload(server: Server, { configText, config }: Candidate): Promise<Loaded> {
    const { staged, model } = this.#setup;
    return await this.#timed(server, model, configText, async () => {
      if (server.attached !== undefined) return await loadInPlace(server, model, config);
      staged.writeConfig(configText);
      if (this.#loaded.has(model)) await server.control.unload(model);
      this.#loaded.delete(model);
      await server.control.load(model);
    });
  }

  /** What an attached server serves anyway: nothing is done to it. */
  async #asItIs(server: Server, candidate: Candidate): Promise<InForce | Refused> {
    const { model } = this.#setup;
    if (!(await server.control.modelReady(model)))
      throw new Failure('server', 'not-loaded', `${model} is not loaded on ${server.command[0] ?? 'the server'}`, {
        hint: 'variants that differ in their load alone are measured on what the server has: load the model there first',
      });
    const copy = { model, config: candidate.config };
    const found = await this.#check({ server, applied: 'keep', loadMs: 0, log: [] }, candidate, copy);
    if (!('refused' in found)) return found;
    return { refused: `${found.refused} (for variants that differ in their load alone nothing is changed there)` };
  }

  /** The model under its plain name, where it was loaded with the variant's text: no time is taken for it. */
  #kept({ configText }: Candidate): Loaded | undefined {
    const loaded = this.#loaded.get(this.#setup.model);
    return loaded?.configText === configText ? { ...loaded, loadMs: 0 } : undefined;
  }

  /** Those beside it are loaded first where the server has none of them yet; one that is refused is told when it is used. */
  async #useCopy(server: Server, candidate: Candidate): Promise<InForce | Refused> {
    if (this.#loaded.size === 0) {
      for (const each of this.#beside.filter(({ variant }) => this.#isServed(variant.settings))) {
        await this.#loadCopy(server, each).catch((error: unknown) => {
          if (!(error instanceof KServeError)) throw error;
        });
      }
    }
    const loaded = await this.#loadCopy(server, candidate);
    return await this.#check({ server, applied: 'colocate', ...loaded }, candidate, this.#copies.of(candidate));
  }

  #isServed(settings: Candidate['variant']['settings']): boolean {
    return same(flagsFor(this.#setup.choice.flags, settings), this.#flags);
  }

  async #loadCopy(server: Server, candidate: Candidate): Promise<Loaded> {
    const { model } = this.#copies.of(candidate);
    const before = this.#loaded.get(model);
    if (before !== undefined) return before;
    return await this.#timed(server, model, candidate.configText, () => server.control.load(model));
  }

  async #timed(server: Server, model: string, configText: string, load: () => Promise<void>): Promise<Loaded> {
    const [startMs, mark] = [this.#clock.nowMs(), server.logMark()];
    await load();
    const loaded = { configText, loadMs: this.#clock.nowMs() - startMs, log: server.logSince(mark) };
    this.#loaded.set(model, loaded);
    return loaded;
  }

  /** Compares what is served under a name with what was asked for, the copy's name included. */
  async #check(
    parts: Omit<InForce, 'model' | 'served' | 'tookMs'>,
    { variant }: Candidate,
    { model, config }: ModelCopy,
  ): Promise<InForce | Refused> {
    const startMs = this.#clock.nowMs();
    const served = await parts.server.control.config(model);
    const wrong = differences(config, served as PlainConfig, Object.keys(configSettings(variant.settings)));
    if (wrong.length > 0)
      return { refused: `the server runs another configuration than asked: ${wrong.map(describe).join('; ')}` };
    const tookMs = { serverStart: this.#serverStartMs, readBack: this.#clock.nowMs() - startMs };
    return { ...parts, model, served, tookMs };
  }

  /** A run's numbers belong to one engine; another version behind the same path would mix two. */
  #checkIdentity({ identity, command }: Server): void {
    const before = this.#identity ?? this.#setup.expected;
    this.#identity ??= { ...identity, command };
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

/** With the configuration in the load itself; a bare load, or one of what is loaded, might keep what should go. */
async function loadInPlace({ control }: Server, model: string, config: PlainConfig): Promise<void> {
  if (await control.modelReady(model)) await control.unload(model);
  await control.load(model, config);
}

/** Triton often answers only that it could not poll the repository; the reason then stands in its log. */
function reasonOf(error: KServeError, log: readonly string[]): string {
  const telling = log.filter((line) => /^E\d{4}|\berror\b|failed|unexpected|invalid|Exception/i.test(line)).slice(-3);
  const logged = telling.map((line) => line.replace(/^[EWI]\d{4} \S+ +\d+ +/, '')).join(' | ');
  if (logged === '' || error.reason.length > tellingLength) return error.reason;
  return `${error.reason} (log: ${logged})`;
}

function describe({ path, asked, served }: Difference): string {
  return `${path} is ${show(served)}, ${asked === undefined ? 'where nothing was asked for' : `not ${show(asked)}`}`;
}

function dashed(flag: string): string {
  return `--${flag}`;
}

function show(value: unknown): string {
  return value === undefined ? 'not set' : messageOf(JSON.stringify(value));
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}
