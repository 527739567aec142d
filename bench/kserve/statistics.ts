/** Triton's cumulative counters of one model since its load: executions and, per phase, requests and ns. */
export type ServerCounters = {
  readonly inferenceCount: number;
  readonly executionCount: number;
  readonly cacheHitCount: number;
  readonly success: Phase;
  readonly fail: Phase;
  readonly queue: Phase;
  readonly computeInput: Phase;
  readonly computeInfer: Phase;
  readonly computeOutput: Phase;
};

export type Phase = { readonly count: number; readonly ns: number };

/** Reads `GET /v2/models/M/stats`, summed over versions; what a server leaves out counts as 0. */
export function readCounters(statistics: unknown): ServerCounters {
  const models = field(statistics, 'model_stats');
  return (Array.isArray(models) ? models : []).map(readModel).reduce(add, zero);
}

/** What happened between two readings of the same server process. */
export function countersBetween(before: ServerCounters, after: ServerCounters): ServerCounters {
  return combine(after, before, (a, b) => a - b);
}

const zeroPhase: Phase = { count: 0, ns: 0 };
const zero: ServerCounters = {
  inferenceCount: 0,
  executionCount: 0,
  cacheHitCount: 0,
  success: zeroPhase,
  fail: zeroPhase,
  queue: zeroPhase,
  computeInput: zeroPhase,
  computeInfer: zeroPhase,
  computeOutput: zeroPhase,
};

function readModel(model: unknown): ServerCounters {
  const phases = field(model, 'inference_stats');
  const phase = (name: string): Phase => ({
    count: toNumber(field(field(phases, name), 'count')),
    ns: toNumber(field(field(phases, name), 'ns')),
  });
  return {
    inferenceCount: toNumber(field(model, 'inference_count')),
    executionCount: toNumber(field(model, 'execution_count')),
    cacheHitCount: phase('cache_hit').count,
    success: phase('success'),
    fail: phase('fail'),
    queue: phase('queue'),
    computeInput: phase('compute_input'),
    computeInfer: phase('compute_infer'),
    computeOutput: phase('compute_output'),
  };
}

function add(a: ServerCounters, b: ServerCounters): ServerCounters {
  return combine(a, b, (x, y) => Math.min(Number.MAX_SAFE_INTEGER, x + y));
}

function combine(a: ServerCounters, b: ServerCounters, by: (x: number, y: number) => number): ServerCounters {
  const phase = (x: Phase, y: Phase): Phase => ({ count: by(x.count, y.count), ns: by(x.ns, y.ns) });
  return {
    inferenceCount: by(a.inferenceCount, b.inferenceCount),
    executionCount: by(a.executionCount, b.executionCount),
    cacheHitCount: by(a.cacheHitCount, b.cacheHitCount),
    success: phase(a.success, b.success),
    fail: phase(a.fail, b.fail),
    queue: phase(a.queue, b.queue),
    computeInput: phase(a.computeInput, b.computeInput),
    computeInfer: phase(a.computeInfer, b.computeInfer),
    computeOutput: phase(a.computeOutput, b.computeOutput),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** 64-bit counters may come as strings; what is no count, or one that a number cannot hold, is 0. */
function toNumber(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value;
  const isCount = typeof number === 'number' && number >= 0 && number <= Number.MAX_SAFE_INTEGER;
  return isCount ? Math.round(number) : 0;
}
