import type { ModelMetadata, ServedConfig } from '../../kserve/client.ts';
import type { Tensor } from '../../kserve/tensors.ts';
import { Catalogue } from './catalogue.ts';
import { EmbeddedCore } from './embedded-core.ts';
import { CoreError } from './failures.ts';
import { InstancePool } from './instance-pool.ts';
import { Repository } from './repository.ts';

export { CoreError, type CoreStatus } from './failures.ts';
export type { Tensor };

/** A request's parameter: `priority`, `timeout` (us) and what else a client sends. */
export type Parameter = boolean | number | string;

export type InferRequest = {
  readonly modelName: string;
  /** Empty for the latest version that is loaded. */
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly inputs: readonly Tensor[];
  /** Empty for all outputs. */
  readonly outputs: readonly { readonly name: string; readonly classification?: number }[];
};

export type InferResponse = {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly outputs: readonly Tensor[];
};

export type DurationStatistics = { readonly count: number; readonly ns: number };

/** One element of `model_stats`, in Triton's JSON spelling: counts, ns, and ms for `last_inference`. */
export type ModelStatistics = {
  readonly name: string;
  readonly version: string;
  readonly last_inference: number;
  readonly inference_count: number;
  readonly execution_count: number;
  readonly inference_stats: {
    readonly success: DurationStatistics;
    readonly fail: DurationStatistics;
    readonly queue: DurationStatistics;
    readonly compute_input: DurationStatistics;
    readonly compute_infer: DurationStatistics;
    readonly compute_output: DurationStatistics;
    readonly cache_hit: DurationStatistics;
    readonly cache_miss: DurationStatistics;
  };
  readonly response_stats: Readonly<Record<string, never>>;
  readonly batch_stats: readonly {
    readonly batch_size: number;
    readonly compute_input: DurationStatistics;
    readonly compute_infer: DurationStatistics;
    readonly compute_output: DurationStatistics;
  }[];
  readonly memory_usage: readonly never[];
};

/** One line of the repository index; version, state and reason are absent for a model that was never loaded. */
export type IndexEntry = {
  readonly name: string;
  readonly version?: string;
  readonly state?: string;
  readonly reason?: string;
};

/** A KServe v2 server without its protocols. Every call that fails throws CoreError. */
export type Core = AsyncDisposable & {
  readonly id: string;
  readonly version: string;
  readonly extensions: readonly string[];
  live(): boolean;
  ready(): boolean;
  /** False for a model or version that is unknown or not ready. */
  modelReady(name: string, version?: string): boolean;
  modelMetadata(name: string, version?: string): ModelMetadata;
  /** The ModelConfig with every field that Triton fills in. */
  modelConfig(name: string, version?: string): ServedConfig;
  statistics(name?: string, version?: string): ModelStatistics[];
  index(readyOnly: boolean): IndexEntry[];
  load(name: string, parameters: { readonly config?: string }): Promise<void>;
  unload(name: string): Promise<void>;
  infer(request: InferRequest): Promise<InferResponse>;
};

export type CoreOptions = {
  /** Absolute path of the model repository. */
  readonly repository: string;
  /** The server's name in its metadata. */
  readonly id: string;
  readonly modelControl: 'none' | 'explicit' | 'poll';
  readonly autoCompleteConfig: boolean;
  /** What to load at the start under explicit control; `*` stands for every model. */
  readonly loadModels: readonly string[];
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Takes each line of the server's log. */
  readonly log: (line: string) => void;
};

/**
 * Opens a repository and loads what the options say: every model, or under explicit control those that are named.
 * @throws CoreError where the repository cannot be read or a model cannot be loaded; the log says why.
 */
export async function startCore(options: CoreOptions): Promise<Core> {
  const { log, modelControl, signal } = options;
  const repository = new Repository(options.repository);
  const catalogue = new Catalogue({
    repository,
    autoComplete: options.autoCompleteConfig,
    pool: new InstancePool(),
    log,
  });
  const core = new EmbeddedCore(options, catalogue);
  const isNamed = modelControl === 'explicit' && !options.loadModels.includes('*');
  const models = isNamed ? new Set(options.loadModels) : repository.models();
  const stop = (): void => void catalogue.close();
  signal?.addEventListener('abort', stop);
  const outcomes = await Promise.allSettled([...models].map((model) => catalogue.load(model)));
  signal?.removeEventListener('abort', stop);
  if (outcomes.some(({ status }) => status === 'rejected') && modelControl !== 'poll') {
    await core[Symbol.asyncDispose]();
    throw new CoreError('INTERNAL', 'failed to load all models');
  }
  core.watch();
  return core;
}
