import type { DurationStatistics, ModelStatistics } from './core.ts';

/** The instants of one request that succeeded, in ns of one clock, in this order. */
export type RequestTimes = { readonly receivedNs: number; readonly queuedNs: number; readonly answeredNs: number };

/** The instants of one execution, in ns of one clock, in this order. */
export type ExecutionTimes = {
  readonly startNs: number;
  readonly inputEndNs: number;
  readonly outputStartNs: number;
  readonly endNs: number;
};

/** Counts what one version of a model does, in the way that Triton counts. */
export class StatisticsRecorder {
  readonly #phases = {
    success: zero(),
    fail: zero(),
    queue: zero(),
    compute_input: zero(),
    compute_infer: zero(),
    compute_output: zero(),
    cache_hit: zero(),
    cache_miss: zero(),
  };
  readonly #batches = new Map<number, { compute_input: Sum; compute_infer: Sum; compute_output: Sum }>();
  #lastInferenceMs = 0;
  #inferenceCount = 0;
  #executionCount = 0;

  /** One execution of `batchSize` rows (1 for a model that does not batch). */
  execution(batchSize: number, times: ExecutionTimes): void {
    this.#executionCount += 1;
    let batch = this.#batches.get(batchSize);
    if (batch === undefined) {
      batch = { compute_input: zero(), compute_infer: zero(), compute_output: zero() };
      this.#batches.set(batchSize, batch);
    }
    addCompute(batch, times);
  }

  /** One request of an execution; the execution's phases count for each of its requests. */
  success(rows: number, request: RequestTimes, execution: ExecutionTimes): void {
    this.#lastInferenceMs = Date.now();
    this.#inferenceCount += rows;
    add(this.#phases.success, request.answeredNs - request.receivedNs);
    add(this.#phases.queue, execution.startNs - request.queuedNs);
    addCompute(this.#phases, execution);
  }

  /** One request that failed, after it took `ns`. */
  failure(ns: number): void {
    add(this.#phases.fail, ns);
  }

  read(name: string, version: string): ModelStatistics {
    const phases = this.#phases;
    return {
      name,
      version,
      last_inference: this.#lastInferenceMs,
      inference_count: this.#inferenceCount,
      execution_count: this.#executionCount,
      inference_stats: {
        success: copy(phases.success),
        fail: copy(phases.fail),
        queue: copy(phases.queue),
        compute_input: copy(phases.compute_input),
        compute_infer: copy(phases.compute_infer),
        compute_output: copy(phases.compute_output),
        cache_hit: copy(phases.cache_hit),
        cache_miss: copy(phases.cache_miss),
      },
      response_stats: {},
      batch_stats: [...this.#batches]
        .sort(([a], [b]) => a - b)
        .map(([batchSize, batch]) => ({
          batch_size: batchSize,
          compute_input: copy(batch.compute_input),
          compute_infer: copy(batch.compute_infer),
          compute_output: copy(batch.compute_output),
        })),
      memory_usage: [],
    };
  }
}

type Sum = { count: number; ns: number };
type Compute = { compute_input: Sum; compute_infer: Sum; compute_output: Sum };

function addCompute(sums: Compute, { startNs, inputEndNs, outputStartNs, endNs }: ExecutionTimes): void {
  add(sums.compute_input, inputEndNs - startNs);
  add(sums.compute_infer, outputStartNs - inputEndNs);
  add(sums.compute_output, endNs - outputStartNs);
}

function add(sum: Sum, ns: number): void {
  sum.count += 1;
  sum.ns += ns;
}

function zero(): Sum {
  return { count: 0, ns: 0 };
}

function copy({ count, ns }: Sum): DurationStatistics {
  return { count, ns };
}
