import { messageOf } from '../../failure.ts';
import type { IndexEntry } from './core.ts';
import { CoreError } from './failures.ts';
import { type LoadOptions, loadVersions, VersionsFailed } from './model-load.ts';
import type { ModelVersion } from './model-version.ts';

type Entry = {
  /** The versions that serve, in numeric order. */
  versions: readonly ModelVersion[];
  /** JSON that stands in for the file until an unload. */
  override: string | undefined;
  fingerprint: string;
  /** States of versions that do not serve, for the index. */
  gone: ReadonlyMap<string, { state: string; reason?: string }>;
  /** Whether a version of it has ever served, or could not be opened. */
  isKnown: boolean;
  /** Loads and unloads of one model follow one another. */
  busy: Promise<void>;
};

export type CatalogueOptions = Omit<LoadOptions, 'model' | 'override' | 'signal'>;

/** The models of a repository: which serve, and how they come and go. */
export class Catalogue {
  readonly #options: CatalogueOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #draining = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: CatalogueOptions) {
    this.#options = options;
  }

  /** The versions of a model that serve. @throws CoreError (NOT_FOUND) in Triton's words. */
  versions(model: string): readonly ModelVersion[] {
    const entry = this.#entries.get(model);
    if (entry?.isKnown !== true) throw new CoreError('NOT_FOUND', `Request for unknown model: '${model}' is not found`);
    if (entry.versions.length > 0) return entry.versions;
    throw new CoreError('NOT_FOUND', `Request for unknown model: '${model}' has no available versions`);
  }

  /** One version, the latest for an empty name. @throws CoreError (NOT_FOUND). */
  version(model: string, version = ''): ModelVersion {
    const versions = this.versions(model);
    const found = version === '' ? versions.at(-1) : versions.find((each) => each.version === version);
    if (found !== undefined) return found;
    throw new CoreError('NOT_FOUND', `Request for unknown model: '${model}' version ${version} is not found`);
  }

  /** The models that serve, in the order of their names. */
  serving(): [string, readonly ModelVersion[]][] {
    const models = [...this.#entries].filter(([, { versions }]) => versions.length > 0);
    return models.sort(([a], [b]) => (a < b ? -1 : 1)).map(([model, { versions }]) => [model, versions]);
  }

  index(readyOnly: boolean): IndexEntry[] {
    const names = new Set([...this.#options.repository.models(), ...this.serving().map(([model]) => model)]);
    return [...names].sort().flatMap((name) => {
      const entry = this.#entries.get(name);
      const states = new Map(entry?.gone);
      for (const { version } of entry?.versions ?? []) states.set(version, { state: 'READY' });
      const shown = [...states].filter(([, { state }]) => !readyOnly || state === 'READY');
      if (states.size === 0) return readyOnly ? [] : [{ name }];
      return shown
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([version, { state, reason }]) => ({ name, version, state, ...(reason !== undefined && { reason }) }));
    });
  }

  /**
   * Loads a model, or loads it again where its files changed or `override` says something else; an override stays until an
   * unload. What serves keeps serving until the new versions do, or where they cannot.
   */
  load(model: string, override?: string): Promise<void> {
    return this.#inTurn(model, async (entry) => {
      const { repository } = this.#options;
      const fingerprint = repository.has(model) ? repository.fingerprint(model) : '';
      const asked = override ?? (entry.versions.length > 0 ? entry.override : undefined);
      const isSame = override === undefined && fingerprint === entry.fingerprint;
      if (entry.versions.length > 0 && isSame) return;
      try {
        const { signal } = this.#closing;
        const versions = await loadVersions({ ...this.#options, model, override: asked, signal });
        this.#retire(entry.versions);
        Object.assign(entry, { versions, override: asked, fingerprint, gone: new Map(), isKnown: true });
      } catch (error) {
        remember(entry, error);
        throw error;
      }
    });
  }

  /** Takes a model out of service at once and ends it once its requests are answered. */
  unload(model: string): Promise<void> {
    return this.#inTurn(model, async (entry) => {
      const { versions } = entry;
      if (versions.length === 0) return;
      const { log } = this.#options;
      entry.gone = new Map(versions.map(({ version }) => [version, { state: 'UNLOADING' }]));
      const unloading = entry.gone;
      entry.versions = [];
      entry.override = undefined;
      entry.fingerprint = '';
      this.#retire(versions, () => {
        for (const { version } of versions) log(`successfully unloaded '${model}' version ${version}`);
        const state = { state: 'UNAVAILABLE', reason: 'unloaded' };
        if (entry.gone === unloading) entry.gone = new Map(versions.map(({ version }) => [version, state]));
      });
    });
  }

  /** Brings what serves in line with the repository: models that came, changed or went. */
  async poll(): Promise<void> {
    const there = new Set(this.#options.repository.models());
    const gone = this.serving().filter(([model]) => !there.has(model));
    await Promise.all(gone.map(([model]) => this.unload(model)));
    await Promise.allSettled([...there].map((model) => this.load(model)));
  }

  /** Ends what serves, once the load under way of each model has ended; every later load and unload is refused. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    const entries = [...this.#entries.values()];
    await Promise.all(entries.map(({ busy }) => busy));
    const versions = entries.flatMap((entry) => entry.versions);
    for (const entry of entries) entry.versions = [];
    await Promise.all(versions.map((version) => version.close()));
    await Promise.all(this.#draining);
    await this.#options.pool.close();
  }

  #inTurn(model: string, work: (entry: Entry) => Promise<void>): Promise<void> {
    const entry = this.#entries.get(model) ?? newEntry();
    this.#entries.set(model, entry);
    const outcome = entry.busy.then(() => {
      if (this.#closing.signal.aborted) throw new CoreError('UNAVAILABLE', 'the server is ending');
      return work(entry);
    });
    const busy = outcome
      .catch(() => {})
      .then(() => {
        if (!entry.isKnown && entry.busy === busy) this.#entries.delete(model);
      });
    entry.busy = busy;
    return outcome;
  }

  #retire(versions: readonly ModelVersion[], then = () => {}): void {
    const drains = versions.map((version) =>
      version.drain().catch((error: unknown) => this.#options.log(messageOf(error))),
    );
    const done = Promise.all(drains).then(() => {
      this.#draining.delete(done);
      then();
    });
    this.#draining.add(done);
  }
}

function newEntry(): Entry {
  return {
    versions: [],
    override: undefined,
    fingerprint: '',
    gone: new Map(),
    isKnown: false,
    busy: Promise.resolve(),
  };
}

function remember(entry: Entry, error: unknown): void {
  if (!(error instanceof VersionsFailed) || entry.versions.length > 0) return;
  entry.gone = new Map([...error.reasons].map(([version, reason]) => [version, { state: 'UNAVAILABLE', reason }]));
  entry.isKnown = true;
}
