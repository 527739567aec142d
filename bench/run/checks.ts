import type { Placement } from '../engines/placement/choose.ts';
import { Failure } from '../failure.ts';
import { readInputData } from '../load/data/read-workload.ts';
import type { Plan } from '../plan/plan.ts';
import { type Candidate, costOf, makeCandidates } from './candidates.ts';
import { checkConfigs } from './config-checks.ts';
import { loadOf } from './load-of.ts';
import { checkPointers } from './pointers.ts';
import { readModelSource } from './repository.ts';
import { inputFiles, workloadSpec } from './workload-spec.ts';

/** One line of `doctor`: what was looked at, how it stands, and what to do where it does not stand well. */
export type Check = {
  readonly what: string;
  /** `unknown` is what cannot be seen from here: it may be well or not. */
  readonly status: 'ok' | 'warning' | 'error' | 'unknown';
  readonly finding: string;
  readonly advice: string | null;
};

/** Everything about a plan that can be checked without a server. */
export async function checkPlan(plan: Plan, placement: Placement): Promise<Check[]> {
  const checks: Check[] = [];
  const source = await attempt(checks, 'model', () => readModelSource(plan.modelRepository, plan.model));
  if (source !== undefined) {
    checks.push(ok('model', `${plan.model}, ${source.configFile}`));
    const cores = placement.serverCpuCount;
    const made = await attempt(checks, 'variants', () => makeCandidates(plan, source, cores));
    if (made !== undefined) {
      const { measured: candidates, setAside } = made;
      checks.push(ok('variants', `${candidates.length - 1} and the baseline`));
      for (const { variantId, reason } of setAside) checks.push(ok('not measured', `${variantId}: ${reason}`));
      const over = candidates
        .filter(({ config }) => (costOf(config, cores)[1] ?? 0) > cores)
        .map(({ variant }) => variant.id);
      if (over.length > 0) {
        const advice = 'they are measured all the same; on a host with more cores the order may be another';
        checks.push({
          what: 'threads',
          status: 'warning',
          finding: `more instances x threads than the ${cores} CPUs that the server may use: ${over.join(', ')}`,
          advice,
        });
      }
      checks.push(...checkConfigs(candidates, placement), ...bindingDelays(plan, candidates));
    }
    for (const { file, outcome, detail } of await checkPointers(source.folder, inputFiles(plan))) {
      checks.push(
        outcome === 'same'
          ? ok('DVC pointer', file)
          : { what: 'DVC pointer', status: 'warning', finding: detail, advice: null },
      );
    }
  }
  const data = await attempt(checks, 'input', () => readInputData(workloadSpec(plan)));
  if (data !== undefined) checks.push(ok('input', data.description));
  return checks;
}

/** With fewer requests outstanding than a batch holds, a queue delay is waited for whole, every time. */
function bindingDelays(plan: Plan, candidates: readonly Candidate[]): Check[] {
  const bound = candidates.flatMap(({ variant, config }) => {
    const { pacing, batchSize } = loadOf(plan, variant);
    const offered = pacing.concurrency * batchSize;
    const delayUs = Number(config.dynamic_batching?.max_queue_delay_microseconds ?? 0);
    const full = preferredOf(config.dynamic_batching?.preferred_batch_size) ?? config.max_batch_size ?? 0;
    return delayUs > 0 && offered < full
      ? [{ offered, what: `${variant.id} at most ${Math.round((offered * 1e6) / delayUs)}/s` }]
      : [];
  });
  if (bound.length === 0) return [];
  const loops = [...new Set(bound.map(({ offered }) => offered))];
  return [
    {
      what: 'queue delay',
      status: 'warning',
      finding: `in a closed loop of ${loops.join(' or ')} the delay is the limit: ${bound.map(({ what }) => what).join(', ')}`,
      advice: 'raise the concurrency, or set preferred_batch_size to what is outstanding',
    },
  ];
}

function preferredOf(sizes: unknown): number | undefined {
  return Array.isArray(sizes) && sizes.length > 0 ? Math.min(...sizes.map(Number)) : undefined;
}

function ok(what: string, finding: string): Check {
  return { what, status: 'ok', finding, advice: null };
}

/** Runs a step; what it says to the user becomes a check instead. */
async function attempt<T>(checks: Check[], what: string, step: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    checks.push({ what, status: 'error', finding: error.message, advice: error.hint ?? null });
    return undefined;
  }
}
