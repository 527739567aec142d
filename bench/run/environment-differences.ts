import { unknown } from './host-files.ts';

/** One thing that is not the same in two environments. */
export type EnvironmentDifference = {
  readonly what: string;
  readonly before: string;
  readonly now: string;
  /** Measurements of the two cannot be put together in one run; without it, what differs is worth a word. */
  readonly forbids: boolean;
};

export type EnvironmentComparison = {
  readonly differences: readonly EnvironmentDifference[];
  /** What one of the two does not tell, so that it may differ. */
  readonly unseen: readonly string[];
};

/** What a difference in the files of a model is called. */
export const modelFiles = 'the model files';

type Environment = Readonly<Record<string, unknown>>;

/** Where to find it, what it is called, and whether a difference in it makes another host of it. */
const facts: readonly (readonly [path: string, what: string, forbids?: true])[] = [
  ['host.cpu', "the host's CPU model", true],
  ['host.cores', "the host's number of CPUs", true],
  ['container.cpus', 'the CPU quota of the container', true],
  ['container.memoryBytes', 'the memory limit of the container'],
  ['topology.allowed', 'the CPUs that may be used'],
  ['topology.cores', 'the number of cores'],
  ['topology.nodes', 'the NUMA nodes'],
  ['host.smt', 'SMT'],
  ['host.governor', 'the CPU governor'],
  ['host.turbo', 'turbo clocks'],
  ['host.memoryBytes', 'the memory of the host'],
  ['host.hypervisor', 'the hypervisor'],
  ['host.kernel', 'the kernel'],
  ['software.node', 'the version of Node'],
  ['software.glibc', 'the C library'],
  ['git.commit', 'the git commit'],
  ['git.dirty', 'uncommitted changes'],
  ['dvc', 'the state of DVC'],
];

/**
 * What differs between two environments as runs record them, those that make measurements incomparable first. What either does not
 * know, or an older version did not record, is never called the same. Names of hosts do not count: they change with each container.
 */
export function compareEnvironments(before: Environment, now: Environment): EnvironmentComparison {
  const differences: EnvironmentDifference[] = modelDifference(before.model, now.model);
  const unseen: string[] = [];
  for (const [path, what, forbids] of facts) {
    const [a, b] = [valueAt(before, path), valueAt(now, path)];
    if (a === undefined && b === undefined) continue;
    if (!isSeen(a) || !isSeen(b)) unseen.push(what);
    else if (textOf(a) !== textOf(b))
      differences.push({ what, before: textOf(a), now: textOf(b), forbids: forbids === true });
  }
  return { differences: differences.toSorted((a, b) => Number(b.forbids) - Number(a.forbids)), unseen };
}

function modelDifference(before: unknown, now: unknown): EnvironmentDifference[] {
  const [a, b] = [before, now].map((model) =>
    typeof model === 'object' && model !== null ? model : {},
  ) as Environment[];
  const names = [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])].sort();
  const changed = names.filter((name) => a?.[name] !== b?.[name]);
  if (changed.length === 0) return [];
  const told = (model: Environment | undefined): string =>
    changed.map((name) => `${name} ${String(model?.[name] ?? 'not there')}`).join(', ');
  return [{ what: modelFiles, before: told(a), now: told(b), forbids: true }];
}

function valueAt(environment: Environment, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    const isMap = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return isMap ? (value as Environment)[key] : undefined;
  }, environment);
}

function isSeen(value: unknown): boolean {
  return value !== undefined && value !== unknown;
}

/** The same text for the same value, however the keys of a map are ordered. */
function textOf(value: unknown): string {
  if (value === null) return 'none';
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${key} ${textOf(each)}`)
    .join(', ');
}
