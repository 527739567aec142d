import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseCpuList } from '../../cpu-list.ts';

/** One core with the CPUs (hardware threads) of it that are online. */
export type Core = {
  readonly cpus: readonly number[];
  /** Null where the kernel does not tell. */
  readonly socket: number | null;
  readonly node: number | null;
};

/** The processors of a host as its kernel describes them. */
export type HostTopology = {
  readonly online: readonly number[];
  /** Those that this process may use: what its container, its cpuset and its own affinity leave of them. */
  readonly allowed: readonly number[];
  /** In the order of their first CPU; each online CPU is in exactly one of them. */
  readonly cores: readonly Core[];
  /** False where the kernel does not tell which CPUs share a core: each is taken for a core then. */
  readonly siblingsKnown: boolean;
};

/**
 * Reads the topology below `root`, "/" of a host. Never throws: what cannot be read is unknown, and a host that tells nothing
 * has as many cores as CPUs.
 */
export function readTopology(root = '/'): HostTopology {
  const allowedNow = allowedOf(readText(join(root, 'proc/self/status')));
  const online =
    readCpus(join(root, 'sys/devices/system/cpu/online')) ??
    allowedNow ??
    Array.from({ length: availableParallelism() }, (_, cpu) => cpu);
  const known = new Set(online);
  const within = (allowedNow ?? online).filter((cpu) => known.has(cpu));
  const nodes = readNodes(join(root, 'sys/devices/system/node'));
  const seen = online.map((cpu) => readCpu(root, cpu, known));
  const cores = groupCores(seen).map((own): Core => {
    const first = own[0] ?? seen[0];
    return {
      cpus: own.map(({ cpu }) => cpu),
      socket: first?.socket ?? null,
      node: nodes.find(({ cpus }) => cpus.includes(first?.cpu ?? -1))?.node ?? null,
    };
  });
  return {
    online,
    allowed: within.length === 0 ? online : within,
    cores,
    siblingsKnown: seen.every(({ isKnown }) => isKnown),
  };
}

/** The CPUs that a process may use, from the text of its /proc/<pid>/status; undefined where it does not tell. */
export function allowedOf(status: string | undefined): readonly number[] | undefined {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status ?? '') ?? [];
  const cpus = list === undefined ? undefined : parseCpuList(list);
  return cpus === undefined || cpus.length === 0 ? undefined : cpus;
}

type Seen = {
  readonly cpu: number;
  /** Those that share its core, itself among them. */
  readonly siblings: readonly number[];
  readonly socket: number | null;
  /** The core by socket and number, where the siblings are not told; null where that is not told either. */
  readonly coreKey: string | null;
  readonly isKnown: boolean;
};

function readCpu(root: string, cpu: number, online: ReadonlySet<number>): Seen {
  const folder = join(root, `sys/devices/system/cpu/cpu${cpu}/topology`);
  const listed = readCpus(join(folder, 'thread_siblings_list')) ?? readCpus(join(folder, 'core_cpus_list'));
  const [socket, core] = ['physical_package_id', 'core_id'].map((name) => readNumber(join(folder, name)));
  const coreKey = socket === null || core === null ? null : `${socket} ${core}`;
  const isListed = listed?.includes(cpu) === true;
  return {
    cpu,
    siblings: isListed ? listed.filter((each) => online.has(each)) : [cpu],
    socket: socket ?? null,
    coreKey: isListed ? null : (coreKey ?? null),
    isKnown: isListed || (coreKey !== null && coreKey !== undefined),
  };
}

/** Each CPU joins the core of a sibling that came before it: lists that contradict one another must not put it into two. */
function groupCores(seen: readonly Seen[]): Seen[][] {
  const cores: Seen[][] = [];
  const coreOf = new Map<number | string, Seen[]>();
  for (const each of seen) {
    const keys = each.coreKey === null ? each.siblings : [each.coreKey];
    const core = keys.map((key) => coreOf.get(key)).find((found) => found !== undefined) ?? [];
    if (core.length === 0) cores.push(core);
    core.push(each);
    for (const key of [each.cpu, ...(each.coreKey === null ? [] : [each.coreKey])]) coreOf.set(key, core);
  }
  return cores;
}

function readNodes(folder: string): { node: number; cpus: readonly number[] }[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .flatMap((name) => {
      const [, node] = /^node(\d+)$/.exec(name) ?? [];
      const cpus = node === undefined ? undefined : readCpus(join(folder, name, 'cpulist'));
      // A node without CPUs is memory alone.
      return node === undefined || cpus === undefined || cpus.length === 0 ? [] : [{ node: Number(node), cpus }];
    })
    .toSorted((a, b) => a.node - b.node);
}

function readCpus(file: string): readonly number[] | undefined {
  const cpus = parseCpuList(readText(file) ?? '');
  return cpus === undefined || cpus.length === 0 ? undefined : cpus;
}

/** Null for -1 too, with which kernels say that they do not know. */
function readNumber(file: string): number | null {
  const text = readText(file)?.trim() ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
