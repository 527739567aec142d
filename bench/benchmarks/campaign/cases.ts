import type { Metric, Objective, Plan, Variant } from '../../plan/plan.ts';
import { type Random, seededRandom } from '../../random.ts';
import { plainHost, type ScriptedHost } from '../../testing/scripted-host.ts';

/** What is true of the variants of a case; each kind is a question that people put to a sweep. */
export const caseKinds = ['equal', 'best', 'tied', 'delay', 'instances', 'batch'] as const;
export type CaseKind = (typeof caseKinds)[number] | 'thermal';

/** One sweep of the campaign: a host, a committed configuration on it, and a plan. */
export type CampaignCase = {
  readonly index: number;
  readonly kind: CaseKind;
  /** Of one row executed alone, in the baseline. */
  readonly serviceNs: number;
  readonly concurrency: number;
  readonly host: ScriptedHost;
  readonly noiseLevel: number;
  readonly networkNs: number;
  readonly config: string;
  readonly variants: readonly Variant[];
  readonly objective: Objective;
  readonly goal: Plan['goal'];
  readonly budgetMs: number | null;
};

/** Users who wait longer than this give up: hosts that serve many slow requests have instances enough. */
const patienceNs = 5e9;
const networkNs = 30e3;

/** Service times from 50 us to 500 ms and concurrency from 1 to 256, both spread evenly on the log scale. */
export function campaignCase(index: number): CampaignCase {
  const random = seededRandom(7_919 + index);
  const serviceNs = 50e3 * 10 ** (4 * fraction(index * 0.754877666));
  const concurrency = Math.max(1, Math.round(2 ** (8 * fraction(index * 0.569840291 + 0.5))));
  const kind = caseKinds[index % caseKinds.length] ?? 'equal';
  return makeCase({
    ...{ index, kind, serviceNs, concurrency },
    objective: objectiveOf(pick(['throughput', 'throughput', 'throughput', 'latency.mean', 'latency.p99'], random)),
    goal: pick(['improve', 'improve', 'best'], random),
    noiseLevel: pick([0.25, 0.5, 1], random),
    budgetMs: pick(budgetsFor(serviceNs), random),
    random,
  });
}

/**
 * A sweep with a variant that is 8 % faster while it is young, and slower than the baseline when it has worked for 5 s. Slices
 * are shorter than that, and the budget pays for a soak of longer ones.
 */
export function thermalCase(index: number): CampaignCase {
  const random = seededRandom(104_729 + index);
  return makeCase({
    ...{ index, kind: 'thermal', goal: 'improve', budgetMs: 20 * 60_000, random },
    serviceNs: 0.5e6 * 10 ** (1.5 * random.next()),
    concurrency: 1 + random.integer(8),
    objective: objectiveOf(pick(['throughput', 'latency.mean'], random)),
    noiseLevel: pick([0.1, 0.25, 0.5], random),
  });
}

type Asked = Pick<
  CampaignCase,
  'index' | 'kind' | 'serviceNs' | 'concurrency' | 'objective' | 'goal' | 'noiseLevel' | 'budgetMs'
> & { readonly random: Random };

function makeCase({ random, ...asked }: Asked): CampaignCase {
  const { kind, serviceNs, concurrency, objective } = asked;
  const needed = Math.ceil((concurrency * serviceNs) / patienceNs);
  // With one instance, and no answer out of order, what is batched with what does not depend on chance.
  const isBatching = kind === 'delay' || kind === 'batch';
  const chosen = pick([1, 1, 2], random);
  const instances = isBatching ? 1 : Math.max(needed, kind === 'instances' ? 1 : chosen);
  const made = makers[kind]({ serviceNs, instances, concurrency, random });
  // Rare stalls would make a p99 of some blocks and not of others.
  const isTail = objective.kind === 'single' && objective.metric === 'latency.p99';
  const share = isBatching ? 0 : pick(isTail ? [0, 0.2] : [0, 0, 0.02], random);
  return {
    ...asked,
    host: {
      ...plainHost(Math.max(instances, pick([2, 4, 8], random)), serviceNs),
      jitterSd: pick([0.1, 0.2, 0.3], random),
      contention: pick([0.01, 0.03], random),
      warmup: { excess: pick([0, 0.5, 2], random), executions: pick([2, 5], random) },
      stalls: { share, everyNs: 50e6, addedNs: Math.max(30e6, serviceNs) },
      ...made.host,
    },
    networkNs,
    config: configText({ instances, rowsMost: made.rowsMost ?? 8, delayUs: made.delayUs ?? null }),
    variants: made.variants,
  };
}

/** The committed config.pbtxt of a case. */
export function configText(serving: { instances: number; rowsMost: number; delayUs: number | null }): string {
  return `name: "scripted"
backend: "scripted"
max_batch_size: ${serving.rowsMost}
input [ { name: "input" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [
  { name: "total" data_type: TYPE_FP32 dims: [ 1 ] },
  { name: "largest" data_type: TYPE_INT64 dims: [ 1 ] }
]
instance_group [ { kind: KIND_CPU count: ${serving.instances} } ]
${serving.delayUs === null ? '' : `dynamic_batching { max_queue_delay_microseconds: ${serving.delayUs} }\n`}parameters { key: "intra_op_thread_count" value { string_value: "1" } }
`;
}

type Given = {
  readonly serviceNs: number;
  readonly instances: number;
  readonly concurrency: number;
  readonly random: Random;
};
type Made = {
  readonly variants: readonly Variant[];
  readonly host?: Partial<ScriptedHost>;
  readonly rowsMost?: number;
  /** Queue delay of the committed configuration; it does not batch where this is left out. */
  readonly delayUs?: number;
};

const makers: Readonly<Record<CaseKind, (given: Given) => Made>> = {
  equal: ({ random }) => ({ variants: efforts(Array<number>(4 + random.integer(5)).fill(1)) }),
  best: ({ random }) => {
    const others = Array.from({ length: 3 + random.integer(5) }, () => pick([1, 1, 1.02, 1.1], random));
    return { variants: efforts([...others, 0.7 + 0.28 * random.next()]) };
  },
  tied: ({ random }) => {
    const effort = 0.8 + 0.16 * random.next();
    const others = Array.from({ length: 2 + random.integer(4) }, () => pick([1, 1.05], random));
    return { variants: efforts([effort, ...others, effort]) };
  },
  // Users either fill every execution twice over, so that no delay matters, or never one, so that each waits out its delay.
  delay: ({ serviceNs, concurrency, random }) => {
    const rowsMost = 2 ** Math.max(0, Math.floor(Math.log2(concurrency)) + pick([-1, 1], random));
    const delayUs = (ratio: number): number => Math.max(1, Math.round((ratio * serviceNs) / 1e3));
    return {
      rowsMost,
      delayUs: delayUs(0.3),
      host: { fixedNs: 0.8 * serviceNs, rowNs: 0.2 * serviceNs },
      variants: [
        ...[0.1, 0.2, 0.6, 1, 2].map((ratio) => ({
          id: `delay-${delayUs(ratio)}us`,
          settings: { 'dynamic_batching.max_queue_delay_microseconds': delayUs(ratio) },
        })),
        ...(concurrency * serviceNs <= patienceNs ? [{ id: 'no-batching', settings: { dynamic_batching: null } }] : []),
      ],
    };
  },
  instances: ({ instances }) => ({
    variants: [2, 3, 4, 8, 16].map((times) => ({
      id: `count-${instances * times}`,
      settings: { 'instance_group.count': instances * times },
    })),
  }),
  batch: ({ serviceNs, concurrency, random }) => {
    const row = concurrency * serviceNs > patienceNs ? 0.05 : pick([0.1, 0.3, 0.7], random);
    const waitNs = (rows: number): number => Math.ceil(concurrency / rows) * (1 - row + row * rows) * serviceNs;
    const [least = 64, ...others] = [2, 4, 8, 16, 32, 64].filter((rows) => waitNs(rows) <= patienceNs);
    const rowsMost = others.includes(8) ? 8 : (others[1] ?? least);
    return {
      delayUs: 0,
      rowsMost,
      host: { fixedNs: (1 - row) * serviceNs, rowNs: row * serviceNs },
      variants: [least, ...others]
        .filter((rows) => rows !== rowsMost)
        .map((rows) => ({ id: `rows-${rows}`, settings: { max_batch_size: rows } })),
    };
  },
  // Young it is 8 % faster; when it has worked for 5 s it is 10 % slower than it was.
  thermal: ({ random }) => ({
    host: { heat: { afterNs: 5e9, slowdown: 0.1 }, warmup: { excess: 0, executions: 1 } },
    variants: [
      ...efforts(Array<number>(1 + random.integer(3)).fill(1.03)),
      { id: 'hungry', settings: { 'parameters.effort': 1 / 1.08, 'parameters.hungry': 'true' } },
    ],
  }),
};

/** Variants that differ in nothing but how long an execution takes; equal ones still have configurations of their own. */
function efforts(values: readonly number[]): Variant[] {
  return values.map((effort, index) => ({
    id: `v${index + 1}`,
    settings: { 'parameters.effort': effort, 'parameters.label': `v${index + 1}` },
  }));
}

function objectiveOf(metric: Metric): Objective {
  return { kind: 'single', direction: metric === 'throughput' ? 'maximize' : 'minimize', metric };
}

/** Slow services are given more time; some sweeps have all the time that they want. */
function budgetsFor(serviceNs: number): (number | null)[] {
  const minute = 60_000;
  return serviceNs < 5e6 ? [minute, 2 * minute, 5 * minute] : [5 * minute, 20 * minute, 120 * minute, null];
}

function pick<const T>(values: readonly T[], random: Random): T {
  const value = values[random.integer(values.length)];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
}

function fraction(value: number): number {
  return value - Math.floor(value);
}
