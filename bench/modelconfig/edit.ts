import { Failure } from '../failure.ts';
import { assign } from './assign.ts';
import { coerceKey, coerceMapValue, coerceOne, coerceWhole } from './coerce.ts';
import { parseConfig } from './config.ts';
import { parsePath, type Step } from './path.ts';
import type { PlainValue } from './plain.ts';
import type { Settings, SettingValue } from './settings.ts';

/**
 * The text of a config.pbtxt with the settings in force, in the order given; nothing else in it changes, and a setting
 * that says what the text already says changes no byte. A scalar, list or object replaces what its path names; a path
 * that leads through absent messages creates them; `null` removes. `[+]`, or the index behind the last element, appends.
 * Throws a usage Failure where the text is no ModelConfig, a path or value does not fit the schema, or the result
 * would not be a ModelConfig (two schedulers).
 */
export function editConfig(text: string, file: string, settings: Settings): string {
  parseConfig(text, file);
  let edited = text;
  for (const [path, value] of Object.entries(settings)) {
    const steps = parsePath(path).map((step) => withKey(step, path));
    edited = assign({ text: edited, file, path }, steps, coerceLast(value, steps, path));
  }
  if (edited !== text) checkResult(edited, file);
  return edited;
}

function coerceLast(value: SettingValue, steps: readonly Step[], path: string): PlainValue | undefined {
  const last = steps.at(-1);
  const before = steps.at(-2);
  if (value === null || last === undefined) return undefined;
  if (before?.kind === 'entry') return coerceMapValue(value, before.field, path);
  return last.kind === 'all' ? coerceWhole(value, last.field, path) : coerceOne(value, last.field.type, path);
}

function withKey(step: Step, path: string): Step {
  return step.kind === 'entry' ? { ...step, key: coerceKey(step.key, step.field, path) } : step;
}

function checkResult(text: string, file: string): void {
  try {
    parseConfig(text, file);
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    const hint = cause.hint;
    throw new Failure(
      'usage',
      'setting-conflict',
      `with the settings in force, ${cause.message}`,
      hint === undefined ? { cause } : { hint, cause },
    );
  }
}
