import type { PlainConfig } from '../modelconfig/plain.ts';
import { parseCondition } from '../plan/condition.ts';
import { isServerFlag } from '../plan/server-flags.ts';
import type { Candidate } from './candidates.ts';
import type { ClosedLoad } from './load-of.ts';

/**
 * Whether a configuration meets a plan's condition on a host of so many cores. Names in it: `cores`, `instances` (of all
 * groups), `threads` (within one execution; all cores where the config does not bound them), or any field by its dotted name,
 * the values of a list added up, `load.concurrency` and `load.batchSize` of the variant's load, or a flag of the server by its
 * setting. What is not set is 0.
 */
export function meets(
  text: string,
  { variant: { settings }, config }: Pick<Candidate, 'variant' | 'config'>,
  cores: number,
  load: ClosedLoad,
): boolean {
  const named: Readonly<Record<string, () => number>> = {
    cores: () => cores,
    instances: () => instancesOf(config),
    threads: () => threadsOf(config, cores),
    'load.concurrency': () => load.pacing.concurrency,
    'load.batchSize': () => load.batchSize,
  };
  const numberFor = (name: string): number => {
    if (isServerFlag(name)) return numberOf(Object.hasOwn(settings, name) ? settings[name] : undefined);
    return Object.hasOwn(named, name) ? (named[name]?.() ?? 0) : field(config, name.split('.'));
  };
  return parseCondition(text)?.holds(numberFor) ?? false;
}

/** Instances of all groups; one where the config has none. */
export function instancesOf({ instance_group: groups = [] }: PlainConfig): number {
  return groups.length === 0 ? 1 : groups.reduce((sum, { count }) => sum + (count ?? 1), 0);
}

/** Threads within one execution: onnxruntime takes every core where the config does not say. */
export function threadsOf(config: PlainConfig, cores: number): number {
  const declared = Number(config.parameters?.intra_op_thread_count?.string_value ?? 0);
  return declared > 0 ? declared : cores;
}

function field(value: unknown, path: readonly string[]): number {
  if (Array.isArray(value)) return value.reduce((sum: number, part) => sum + field(part, path), 0);
  const [key, ...rest] = path;
  if (key === undefined) return numberOf(value);
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return 0;
  return field((value as Record<string, unknown>)[key], rest);
}

/** A parameter of a config is text inside an object of its own. */
function numberOf(value: unknown): number {
  const text = typeof value === 'object' && value !== null ? (value as { string_value?: unknown }).string_value : value;
  return text === undefined || text === null || text === '' ? 0 : Number(text);
}
