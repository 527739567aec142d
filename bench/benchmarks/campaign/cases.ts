import type { Metric, Objective, Plan, Variant } from '../../plan/plan.ts';
import { type Random, seededRandom } from '../../random.ts';
import { plainHost, type ScriptedHost } from '../../testing/scripted-host.ts';
import { type CaseKind, caseKinds, makers, patienceNs, pick } from './questions.ts';

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

function objectiveOf(metric: Metric): Objective {
  return { kind: 'single', direction: metric === 'throughput' ? 'maximize' : 'minimize', metric };
}

/** Slow services are given more time; some sweeps have all the time that they want. */
function budgetsFor(serviceNs: number): (number | null)[] {
  const minute = 60_000;
  return serviceNs < 5e6 ? [minute, 2 * minute, 5 * minute] : [5 * minute, 20 * minute, 120 * minute, null];
}

function fraction(value: number): number {
  return value - Math.floor(value);
}
