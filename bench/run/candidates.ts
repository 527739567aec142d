import { Failure } from '../failure.ts';
import { parseConfig, toPlain } from '../modelconfig/config.ts';
import { editConfig } from '../modelconfig/edit.ts';
import { checkConfig } from '../modelconfig/lint.ts';
import type { PlainConfig } from '../modelconfig/plain.ts';
import { baselineId, type Plan, type Variant } from '../plan/plan.ts';
import type { ModelSource } from './repository.ts';

/** A variant with the config.pbtxt that it means. The baseline comes first. */
export type Candidate = { readonly variant: Variant; readonly configText: string; readonly config: PlainConfig };

/**
 * The baseline and every variant of a plan with their configuration texts.
 * @throws Failure (usage) for a setting that the committed config cannot take.
 */
export function makeCandidates(plan: Plan, source: ModelSource): Candidate[] {
  return [{ id: baselineId, settings: {} }, ...plan.variants].map((variant) => makeCandidate(variant, source));
}

/** One variant's config.pbtxt. @throws Failure (usage), naming the variant, for a setting that the config cannot take. */
export function makeCandidate(variant: Variant, source: ModelSource): Candidate {
  try {
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

/** What a variant costs to run, for choosing among equals: instances, threads, queue delay (us). */
export function costOf(config: PlainConfig, cores: number): number[] {
  const groups = config.instance_group ?? [];
  const instances = groups.length === 0 ? 1 : groups.reduce((sum, group) => sum + (group.count ?? 1), 0);
  const declared = Number(config.parameters?.intra_op_thread_count?.string_value ?? 0);
  const threads = instances * (declared > 0 ? declared : cores);
  return [instances, threads, Number(config.dynamic_batching?.max_queue_delay_microseconds ?? 0)];
}
