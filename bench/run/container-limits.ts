import { readHostFile, unknown } from './host-files.ts';

/** What control groups allow this process: the tightest limit on the way from its own group up to the root. */
export type ContainerLimits = {
  readonly cgroup: 'v1' | 'v2' | typeof unknown;
  /** Processors' worth of time, 2.5 for a quota of 250 ms in 100 ms; null without a quota. */
  readonly cpus: number | null | typeof unknown;
  /** Null without a limit. */
  readonly memoryBytes: number | null | typeof unknown;
  readonly cpuset: string | typeof unknown;
};

/** Above it a limit of cgroup v1 means that there is none: it is the largest number of pages. */
const noLimitBytes = 2 ** 62;

/** Reads them below `root`, "/" of a host. Never throws. */
export function readContainerLimits(root = '/'): ContainerLimits {
  const groups = (readHostFile(root, 'proc/self/cgroup') ?? '').split('\n');
  const second = readSecond(root, groups);
  // A controller is in one of the two; where both are mounted, the first has those that limit.
  const first = readFirst(root, groups);
  if (first === undefined && second === undefined)
    return { cgroup: unknown, cpus: unknown, memoryBytes: unknown, cpuset: unknown };
  return first ?? second ?? { cgroup: unknown, cpus: unknown, memoryBytes: unknown, cpuset: unknown };
}

function readSecond(root: string, groups: readonly string[]): ContainerLimits | undefined {
  const path = groups.find((line) => line.startsWith('0::'))?.slice(3);
  if (path === undefined || readHostFile(root, 'sys/fs/cgroup/cgroup.controllers') === undefined) return undefined;
  const read = (file: string): string[] => readUpwards(root, 'sys/fs/cgroup', path, file);
  const quotas = read('cpu.max').map((text) => {
    const [quota = '', period = '100000'] = text.split(' ');
    return quota === 'max' ? Number.POSITIVE_INFINITY : Number(quota) / Number(period);
  });
  const limits = read('memory.max').map((text) => (text === 'max' ? Number.POSITIVE_INFINITY : Number(text)));
  const [cpuset = unknown] = read('cpuset.cpus.effective');
  return { cgroup: 'v2', cpus: tightest(quotas), memoryBytes: tightest(limits), cpuset: cpuset || unknown };
}

function readFirst(root: string, groups: readonly string[]): ContainerLimits | undefined {
  const controllers = groups.flatMap((line) => {
    const [, names = '', path = ''] = /^\d+:([^:]+):(.*)$/.exec(line) ?? [];
    return names.split(',').map((name) => [name, { names, path }] as const);
  });
  const known = new Map(controllers);
  if (!known.has('cpu') && !known.has('memory')) return undefined;
  const read = (controller: string, file: string): string[] => {
    const found = known.get(controller);
    if (found === undefined) return [];
    const own = readUpwards(root, `sys/fs/cgroup/${found.names}`, found.path, file);
    return own.length > 0 ? own : readUpwards(root, `sys/fs/cgroup/${controller}`, found.path, file);
  };
  const periods = read('cpu', 'cpu.cfs_period_us').map(Number);
  const quotas = read('cpu', 'cpu.cfs_quota_us').map((text, level) =>
    Number(text) < 0 ? Number.POSITIVE_INFINITY : Number(text) / (periods[level] ?? 100_000),
  );
  const limits = read('memory', 'memory.limit_in_bytes').map((text) =>
    Number(text) > noLimitBytes ? Number.POSITIVE_INFINITY : Number(text),
  );
  const [cpuset = ''] = [...read('cpuset', 'cpuset.effective_cpus'), ...read('cpuset', 'cpuset.cpus')];
  return { cgroup: 'v1', cpus: tightest(quotas), memoryBytes: tightest(limits), cpuset: cpuset || unknown };
}

/**
 * What the groups from `path` up to the root of a hierarchy say in a file. Inside a container the path may be the host's, of which
 * nothing is to be seen: then the root is the container's own group.
 */
function readUpwards(root: string, mount: string, path: string, file: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '.' && name !== '..');
  const levels = names.map((_, index) => names.slice(0, names.length - index).join('/'));
  return [...levels, ''].flatMap((level) => readHostFile(root, `${mount}/${level}/${file}`) ?? []);
}

/** Null where nothing limits, unknown where no group says anything that can be read. */
function tightest(values: readonly number[]): number | null | typeof unknown {
  const readable = values.filter((value) => value > 0);
  if (readable.length === 0) return unknown;
  const least = Math.min(...readable);
  return least === Number.POSITIVE_INFINITY ? null : least;
}
