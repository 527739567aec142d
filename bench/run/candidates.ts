import { Failure } from '../failure.ts';
import { canonical } from '../modelconfig/compare.ts';
import { parseConfig, toPlain } from '../modelconfig/config.ts';
import { editConfig } from '../modelconfig/edit.ts';
import { checkConfig } from '../modelconfig/lint.ts';
import type { PlainConfig } from '../modelconfig/plain.ts';
import type { Settings } from '../modelconfig/settings.ts';
import { changesLoad } from '../plan/load-axis.ts';
import { baselineId, type Plan, type Variant } from '../plan/plan.ts';
import { configSettings, flagsFor } from '../plan/server-flags.ts';
import { instancesOf, meets, threadsOf } from './conditions.ts';
import { loadKey, loadOf } from './load-of.ts';
import type { ModelSource } from './repository.ts';

/** A variant with the config.pbtxt that it means. The baseline comes first. */
export type Candidate = { readonly variant: Variant; readonly configText: string; readonly config: PlainConfig };

/** A variant that is not measured, and why: it misses a condition of the plan, or it is another one under another name. */
export type SetAside = {
  readonly variantId: string;
  readonly status: 'excluded' | 'merged';
  readonly reason: string;
};

export type Candidates = {
  /** Those to be measured, the baseline first. */
  readonly measured: readonly Candidate[];
  readonly setAside: readonly SetAside[];
};

/**
 * The baseline and the variants of a plan with their configuration texts. Those that Triton would run alike and that are sent
 * alike are one: measuring them apart costs time and error probability, and tells nothing, unless a plan of equal variants asks
 * for it. One that has the baseline's configuration, under another load or with other flags of the server, has the baseline's own text.
 * @throws Failure (usage) for a setting that the committed config cannot take.
 */
export function makeCandidates(plan: Plan, source: ModelSource, cores: number): Candidates {
  const baseline = makeCandidate({ id: baselineId, settings: {} }, source);
  const measured = [baseline];
  const setAside: SetAside[] = [];
  const seen = new Map([[keyOf(baseline, plan), baselineId]]);
  for (const variant of plan.variants) {
    const candidate = makeCandidate(variant, source);
    const load = loadOf(plan, variant);
    const missed = plan.conditions.find((text) => !meets(text, candidate, cores, load));
    const text = keyOf(candidate, plan);
    const same = plan.expectEqual ? undefined : seen.get(text);
    if (missed !== undefined) {
      setAside.push({ variantId: variant.id, status: 'excluded', reason: `the plan leaves it out: not ${missed}` });
    } else if (same !== undefined) {
      setAside.push({
        variantId: variant.id,
        status: 'merged',
        reason: `it is the same ${changesLoad(variant, plan.load) ? 'configuration and load' : 'configuration'} as ${same}`,
      });
    } else {
      seen.set(text, variant.id);
      measured.push(plan.expectEqual ? candidate : withTextOf(baseline, candidate));
    }
  }
  checkSome(measured, setAside);
  return { measured, setAside };
}

function keyOf({ variant, config }: Candidate, plan: Plan): string {
  return JSON.stringify([
    loadKey(loadOf(plan, variant)),
    canonical(config),
    flagsFor(plan.engine.flags, variant.settings),
  ]);
}

function withTextOf({ configText, config }: Candidate, candidate: Candidate): Candidate {
  return canonical(config) === canonical(candidate.config) ? { ...candidate, configText, config } : candidate;
}

function checkSome(measured: readonly Candidate[], setAside: readonly SetAside[]): void {
  if (measured.length > 1) return;
  throw new Failure('usage', 'no-variants', 'no variant is left to compare with the baseline', {
    hint: setAside
      .slice(0, 10)
      .map(({ variantId, reason }) => `${variantId}: ${reason}`)
      .join('\n'),
  });
}

/** One variant's config.pbtxt. @throws Failure (usage), naming the variant, for a setting that the config cannot take. */
export function makeCandidate(variant: Variant, source: ModelSource): Candidate {
  try {
    checkOverlap(variant.settings);
    const configText = editConfig(source.configText, source.configFile, configSettings(variant.settings));
    const config = toPlain(parseConfig(configText, source.configFile));
    checkConfig(config, source.configFile);
    return { variant, configText, config };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (variant.id === baselineId) throw error;
    throw new Failure('usage', error.code, `variant ${variant.id}: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** Of two settings where one holds the other, only one can be in force. */
function checkOverlap(settings: Settings): void {
  const paths = Object.keys(settings);
  for (const outer of paths) {
    const inner = paths.find(
      (path) => path !== outer && path.startsWith(outer) && /^[.[]/.test(path.slice(outer.length)),
    );
    if (inner === undefined) continue;
    throw new Failure('usage', 'settings-overlap', `settings ${outer} and ${inner} overlap`, {
      hint: `set ${outer} as a whole, or only parts of it`,
    });
  }
}

/** Instances of each variant, by what each costs to run. */
export function instancesIn(costs: Readonly<Record<string, readonly number[]>>): Record<string, number> {
  return Object.fromEntries(Object.entries(costs).map(([id, [instances = 1]]) => [id, instances]));
}

/** What a variant costs to run, for choosing among equals: instances, threads, queue delay (us). */
export function costOf(config: PlainConfig, cores: number): number[] {
  const instances = instancesOf(config);
  const delayUs = Number(config.dynamic_batching?.max_queue_delay_microseconds ?? 0);
  return [instances, instances * threadsOf(config, cores), delayUs];
}
