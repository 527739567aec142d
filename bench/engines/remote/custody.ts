import { Failure } from '../../failure.ts';
import { type KServeClient, KServeError } from '../../kserve/client.ts';
import { refuseEnsembles } from './ensembles.ts';
import { lookAt, putBack } from './put-back.ts';
import type { ModelBefore, RestoreWay } from './restore-record.ts';
import type { ServerHold } from './server-hold.ts';

type Setup = {
  /** For changes: nothing ends a call of it before its time, so that what the server did is always known. */
  readonly control: KServeClient;
  readonly hold: ServerHold;
  /** HOST:PORT, for people. */
  readonly server: string;
  readonly tell: (line: string) => void;
};

/** Knows what the models of a remote server were before this process changed them, and makes them that again. */
export class Custody {
  readonly #setup: Setup;
  readonly #known = new Map<string, Promise<void>>();

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /**
   * To be called before each change of a model. The first time it notes what the model is, and tries the way back.
   * @throws Failure (server) where the model is not there, model control is off, or there is no way back.
   */
  beforeChange(model: string): Promise<void> {
    const known = this.#known.get(model) ?? this.#begin(model);
    this.#known.set(model, known);
    return known;
  }

  /** To be called before the server is restarted: what was loaded on request there is not loaded by a new process. */
  async beforeRestart(): Promise<void> {
    const { hold, control } = this.#setup;
    const known = new Set(hold.models.map(({ name }) => name));
    const index = await control.repositoryIndex().catch(noIndex);
    const ready = new Set(index.flatMap(({ name, state }) => (state === 'READY' ? [name] : [])));
    for (const name of ready) {
      if (known.has(name)) continue;
      const before = await lookAt(control, name);
      if (before.loaded) hold.note([...hold.models, { ...before, way: null }]);
    }
  }

  /**
   * `way`: how models are loaded, where it is not as their records say. Resolves with the names of those that are what they were.
   * @throws Failure (server) for the first model that is not; the others are put back all the same.
   */
  async putBack(way?: RestoreWay): Promise<string[]> {
    const { hold, control, server, tell } = this.#setup;
    const failures: unknown[] = [];
    const done: string[] = [];
    for (const before of hold.models) {
      try {
        const { said } = await putBack(control, before, before.way === null ? null : (way ?? before.way));
        if (said !== null) tell(`${server}: ${said}`);
        hold.note(hold.models.filter(({ name }) => name !== before.name));
        done.push(before.name);
      } catch (error) {
        failures.push(error);
      }
    }
    this.#known.clear();
    if (failures.length > 0) throw notRestored(server, failures[0]);
    return done;
  }

  async #begin(model: string): Promise<void> {
    const { hold, control } = this.#setup;
    const states = await this.#statesOf(model);
    const noted = hold.models.find(({ name }) => name === model);
    const before = noted ?? { ...(await lookAt(control, model)), way: null };
    if (!before.loaded && states.includes('READY'))
      throw new Failure(
        'server',
        'model-busy',
        `${model} on ${this.#setup.server} is listed as ready, but does not answer`,
        {
          hint: 'somebody else changes it, or the server is in trouble: try again when that is over',
        },
      );
    hold.note([...hold.models.filter(({ name }) => name !== model), { ...before, way: null }]);
    if (!before.loaded) return;
    try {
      // After a restart it need not be loaded any more.
      if (noted === undefined || (await control.modelReady(model))) await control.unload(model);
    } catch (error) {
      if (!(error instanceof KServeError)) throw error;
      if (noted === undefined) hold.note(hold.models.filter(({ name }) => name !== model));
      throw uncontrolled(this.#setup.server, error);
    }
    await this.#tryWayBack(before);
  }

  async #tryWayBack(before: ModelBefore): Promise<void> {
    const { hold, control, server, tell } = this.#setup;
    const others = hold.models.filter(({ name }) => name !== before.name);
    const { said } = await putBack(control, { ...before, way: null });
    hold.note([...others, { ...before, way: said === null ? 'file' : 'override' }]);
    if (said !== null) tell(`${server}: ${said}`);
  }

  /** What the server's index says of the model's versions. @throws Failure (server) where it has no such model, or it is being changed. */
  async #statesOf(model: string): Promise<string[]> {
    const { control, server } = this.#setup;
    const index = await control.repositoryIndex().catch(noIndex);
    const entries = index.filter(({ name }) => name === model);
    const busy = entries.find(({ state }) => state === 'LOADING' || state === 'UNLOADING');
    if (busy !== undefined)
      throw new Failure('server', 'model-busy', `${model} on ${server} is just being changed (${busy.state})`, {
        hint: 'somebody else changes it: try again when that is over',
      });
    if (entries.length > 0) await refuseEnsembles(control, { model, server, index });
    if (index.length === 0 || entries.length > 0) return entries.map(({ state }) => state);
    const names = [...new Set(index.map(({ name }) => name))].slice(0, 8).join(', ');
    throw new Failure('server', 'no-model', `${server} has no model ${model}`, { hint: `it has ${names}` });
  }
}

/** A gateway may keep the index to itself; a load then says what is wrong. */
function noIndex(error: unknown): never[] {
  if (error instanceof KServeError) return [];
  throw error;
}

/** Why a server does not let its models be changed, and what to do about it. */
export function uncontrolled(server: string, error: KServeError): Failure {
  if (isOff(error))
    return new Failure('server', 'control-off', `model control is off on ${server}: ${error.reason}`, {
      hint: 'start it with --model-control-mode=explicit (and --load-model=NAME for what it is to load by itself), or give variants that differ in their load alone, which need no control',
      cause: error,
    });
  return new Failure(
    'server',
    'control-refused',
    `${server} does not let its models be changed: ${error.status} ${error.reason}`,
    {
      hint: 'do the headers say who you are, and does nothing before the server keep /v2/repository to itself?',
      cause: error,
    },
  );
}

/** Triton's words where its mode is none or poll. */
export function isOff({ reason }: KServeError): boolean {
  return /explicit model (un)?load .*not allowed/i.test(reason);
}

function notRestored(server: string, cause: unknown): unknown {
  // An error status where none is due, as of a model that somebody else unloads just then.
  if (!(cause instanceof Failure) && !(cause instanceof KServeError)) return cause;
  const hint = cause instanceof Failure ? cause.hint : undefined;
  return new Failure('server', 'not-restored', `${server} is left changed: ${cause.message}`, {
    hint: [hint, 'tritune restore says what is still to be put back, and does it']
      .filter((line) => line !== undefined)
      .join('\n'),
    cause,
  });
}
