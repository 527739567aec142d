import { Failure } from '../failure.ts';
import { canonical } from '../modelconfig/compare.ts';
import { parseConfig, toPlain } from '../modelconfig/config.ts';
import { editConfig } from '../modelconfig/edit.ts';
import { checkConfig } from '../modelconfig/lint.ts';
import type { PlainConfig } from '../modelconfig/plain.ts';
import type { Settings } from '../modelconfig/settings.ts';
import { baselineId, type Plan, type Variant } from '../plan/plan.ts';
import type { ModelSource } from './repository.ts';

/** A variant with the config.pbtxt that it means. The baseline comes first. */
export type Candidate = { readonly variant: Variant; readonly configText: string; readonly config: PlainConfig };

/**
 * The baseline and every variant of a plan with their configuration texts.
 * @throws Failure (usage) for a setting that the committed config cannot take.
 */
export function makeCandidates(plan: Plan, source: ModelSource): Candidate[] {
  const candidates = [{ id: baselineId, settings: {} }, ...plan.variants].map((variant) =>
    makeCandidate(variant, source),
  );
  if (!plan.expectEqual) checkDistinct(candidates);
  return candidates;
}

/** One variant's config.pbtxt. @throws Failure (usage), naming the variant, for a setting that the config cannot take. */
export function makeCandidate(variant: Variant, source: ModelSource): Candidate {
  try {
    checkOverlap(variant.settings);
    const configText = editConfig(source.configText, source.configFile, variant.settings);
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

/** Two variants that Triton runs alike cost time and error probability, and tell nothing. */
function checkDistinct(candidates: readonly Candidate[]): void {
  const seen = new Map<string, string>();
  for (const { variant, config } of candidates) {
    const text = canonical(config);
    const same = seen.get(text);
    seen.set(text, variant.id);
    if (same === undefined) continue;
    throw new Failure('usage', 'same-variant', `variant ${variant.id} is the same configuration as ${same}`, {
      hint: 'leave it out; a plan of equal variants on purpose says expectEqual: true',
    });
  }
}

/** What a variant costs to run, for choosing among equals: instances, threads, queue delay (us). */
export function costOf(config: PlainConfig, cores: number): number[] {
  const groups = config.instance_group ?? [];
  const instances = groups.length === 0 ? 1 : groups.reduce((sum, group) => sum + (group.count ?? 1), 0);
  const declared = Number(config.parameters?.intra_op_thread_count?.string_value ?? 0);
  const threads = instances * (declared > 0 ? declared : cores);
  return [instances, threads, Number(config.dynamic_batching?.max_queue_delay_microseconds ?? 0)];
}
