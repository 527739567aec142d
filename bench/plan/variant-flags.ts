import type { Failure } from '../failure.ts';
import type { Settings } from '../modelconfig/settings.ts';
import type { PlanFile } from './schema.ts';
import { flagPath, isServerFlag, wrongFlag } from './server-flags.ts';

/** Makes a Failure that names the line of a place in the plan file. */
type At = (path: readonly PropertyKey[], message: string, hint?: string) => Failure;

/**
 * The plan file with its variants' `serverFlags` among their settings, as `server.<flag>`.
 * @throws Failure (usage), naming the line, for a flag that is none, is Tritune's own, or is given twice.
 */
export function foldServerFlags(plan: PlanFile, at: At): PlanFile {
  checkSearch(plan, at);
  return { ...plan, variants: plan.variants.map((variant, index) => folded(variant, ['variants', index], at)) };
}

type FileVariant = PlanFile['variants'][number];

function folded(variant: FileVariant, path: readonly PropertyKey[], at: At): FileVariant {
  const { settings, serverFlags } = variant;
  check(settings, [...path, 'settings'], at);
  const flags: Settings = Object.fromEntries(
    Object.entries(serverFlags).map(([name, value]) => {
      const wrong = wrongFlag(flagPath(name), value);
      if (wrong !== undefined) throw at([...path, 'serverFlags', name], wrong);
      if (Object.hasOwn(settings, flagPath(name)))
        throw at([...path, 'serverFlags', name], `stands among the settings too, as ${flagPath(name)}`);
      return [flagPath(name), value];
    }),
  );
  return { ...variant, settings: { ...settings, ...flags }, serverFlags: {} };
}

function check(settings: Settings, path: readonly PropertyKey[], at: At): void {
  for (const [name, value] of Object.entries(settings)) {
    const wrong = isServerFlag(name) ? wrongFlag(name, value) : undefined;
    if (wrong !== undefined) throw at([...path, name], wrong);
  }
}

function checkSearch({ search }: PlanFile, at: At): void {
  for (const [name, space] of Object.entries(search?.parameters ?? {})) {
    const values = Array.isArray(space) ? space : [space.from];
    for (const value of values) check({ [name]: value }, ['search', 'parameters'], at);
  }
}
