import type { Settings } from '../modelconfig/settings.ts';

/** A parsed plan: every default filled in, every path absolute, nothing optional. */
export type Plan = {
  readonly name: string;
  readonly model: string;
  readonly modelRepository: string;
  readonly engine: EngineChoice;
  readonly placement: PlacementChoice;
  readonly apply: Exclude<Apply, 'keep'> | 'auto';
  readonly load: LoadPlan;
  readonly objective: Objective;
  readonly constraints: readonly Constraint[];
  readonly goal: 'improve' | 'best';
  /** Differences below this ratio do not matter: 0.02 means 2 %. */
  readonly practicalMargin: number;
  /** The share of sweeps of equal variants that may end in a claim. */
  readonly alpha: number;
  /** Wall time of the whole sweep, or null where the blocks and slices asked for decide. */
  readonly budgetMs: number | null;
  /** So many blocks of every variant and one look, where the plan says so; null for screening and looks on the way. */
  readonly blocks: number | null;
  readonly slicesPerBlock: number;
  readonly seed: number;
  /** True for a plan whose variants are the same on purpose, to see how often noise makes a claim. */
  readonly expectEqual: boolean;
  /** Those listed and those that a search makes; the baseline is not among them. */
  readonly variants: readonly Variant[];
  /** What a variant's configuration must meet to be measured: "instances * threads <= cores". */
  readonly conditions: readonly string[];
  /** Whether answers that the server had kept count as any other; where not, a variant with such answers is not ranked. */
  readonly allowResponseCache: boolean;
};

/**
 * How a variant comes into force in a slice: `reload` unloads what is loaded and loads it; `restart` does so in a new server
 * process; `colocate` has loaded it beside the others already, under a name of its own; `keep`: the model was loaded when its
 * server started and stays, since the variants differ in nothing that the server knows of.
 */
export type Apply = 'reload' | 'restart' | 'colocate' | 'keep';

export type EngineChoice = {
  readonly kind: 'auto' | 'local' | 'embedded' | 'docker' | 'remote';
  /** A tritonserver binary, or null to look on PATH and under .triton/. */
  readonly path: string | null;
  readonly httpPort: number | null;
  readonly grpcPort: number | null;
  readonly flags: readonly string[];
  /** Variables that the server's process has beside those of this one, such as LD_PRELOAD. No place for secrets: they are recorded. */
  readonly environment: Readonly<Record<string, string>>;
  /** The server that `remote`, and `auto` before all else, measures; null where none is named. */
  readonly remote: RemoteChoice | null;
  /** Where the plan says something of it. */
  readonly docker?: DockerChoice;
};

/** What of a compose file serves; null where the file itself, or its place, decides. */
export type DockerChoice = {
  readonly image: string | null;
  readonly composeFile: string | null;
  readonly service: string | null;
  /** Processors of the container, as Docker writes them: "0-3,8". */
  readonly cpuset: string | null;
};

/** A server that is running already. Of what may be secret it says only where that is kept. */
export type RemoteChoice = {
  /** HOST:PORT or a URL of http or https. Control calls go there, and the load that is HTTP. */
  readonly http: string;
  /** HOST:PORT or a URL of grpc or grpcs; without a scheme TLS is as with `http`. */
  readonly grpc: string | null;
  /** HOST:PORT or a URL of its metrics page, whose path is /metrics; where it is not named nothing of it is known. */
  readonly metrics?: string;
  /** Paths of PEM files; what is null is the system's own, or none. */
  readonly tls: {
    readonly ca: string | null;
    readonly certificate: string | null;
    readonly key: string | null;
    readonly serverName: string | null;
  };
  /** Sent with each request. */
  readonly headers: readonly { readonly name: string; readonly source: SecretSource }[];
  /** What begins a new server process, run before each block without a shell; null where blocks share one process. */
  readonly restartCommand: readonly string[] | null;
};

/** Where a value that may be secret is read from: a variable of the environment, or a file that holds nothing else. */
export type SecretSource = { readonly env: string } | { readonly file: string };

/** Which CPUs server and client have: divided by the host's topology, not divided, or as listed (numbers ascending, no CPU in both). */
export type PlacementChoice =
  | { readonly kind: 'auto' | 'none' }
  | { readonly kind: 'lists'; readonly server: readonly number[]; readonly client: readonly number[] };

export type LoadPlan = {
  readonly protocol: Transport;
  readonly concurrency: number;
  readonly batchSize: number;
  /** A file of examples (CSV, perf_analyzer's JSON, .npy), or `random` or `zero` for values that are made up. */
  readonly input: string;
  readonly requestTimeoutMs: number;
};

/** A quantity that a block gives one value for. */
export type Metric = 'throughput' | LatencyMetric | 'cost';
export type LatencyMetric = 'latency.mean' | 'latency.p50' | 'latency.p90' | 'latency.p95' | 'latency.p99';

/** What better means: one metric, or several, each by a share of the whole; then it is about the weighted mean of their logs. */
export type Objective =
  | SingleObjective
  | { readonly kind: 'weighted'; readonly terms: readonly Term[] }
  | CapacityObjective;
export type SingleObjective = {
  readonly kind: 'single';
  readonly direction: 'maximize' | 'minimize';
  readonly metric: Metric;
};
/**
 * The most throughput that keeps the limits, each variant with as many requests outstanding as suit it: one of `levels`, which
 * ascend. The limits are among the plan's constraints too.
 */
export type CapacityObjective = {
  readonly kind: 'capacity';
  readonly limits: readonly LatencyLimit[];
  readonly levels: readonly number[];
};
export type LatencyLimit = { readonly metric: LatencyMetric; readonly atMostNs: number };
/** The weights of an objective are above 0 and sum to 1. */
export type Term = Omit<SingleObjective, 'kind'> & { readonly weight: number };

/**
 * A latency percentile or mean that must not exceed `atMostNs`, inferences per second that must not be fewer, or server CPU seconds per 1 000
 * inferences that must not be more.
 */
export type Constraint =
  | LatencyLimit
  | { readonly metric: 'throughput'; readonly atLeastPerSecond: number }
  | { readonly metric: 'cost'; readonly atMostCpuSeconds: number };

/**
 * A set of settings over the committed config.pbtxt, and flags of the server (`server.<flag>`), and a load of its own where it
 * has one. The baseline has none of these.
 */
export type Variant = { readonly id: string; readonly settings: Settings; readonly load?: LoadChange };

/** What of the plan's load is another one for a variant. */
export type LoadChange = Partial<Pick<LoadPlan, 'protocol' | 'concurrency' | 'batchSize'>>;

export const baselineId = 'baseline';

/** What a slice's load was: enough to tell two measurements of different quantities apart. */
export type Load = { readonly pacing: Pacing; readonly batchSize: number; readonly transport: Transport };
export type Transport = 'http' | 'grpc' | 'http-undici' | 'grpc-js';
export type Pacing =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'constant' | 'poisson'; readonly requestsPerSecond: number }
  | { readonly kind: 'trace'; readonly path: string };

/** One variant put in force, warmed up and measured once. */
export type Slice = {
  readonly stage: 'pilot' | 'screen' | 'confirm' | 'after';
  /** Of the screen, from 1, or 0 where it looks for the variant's level; 1 in confirm. */
  readonly round: number;
  readonly block: number;
  /** Counts the measurements of one block: 1, and one more after each interruption of it. */
  readonly attempt: number;
  /** Position among the slices of the block, repetitions of invalid slices included. */
  readonly order: number;
  readonly variantId: string;
  readonly load: Load;
  readonly applied: Apply;
  /** Of stage `after`. There `round` counts the loads of the part and `block` its own blocks, both from 1. */
  readonly after?: AfterPart;
};

/** What is asked about a variant once it is claimed: is the gain there in long slices, under other loads, and with another client? */
export type AfterPart = 'soak' | 'range' | 'client';
