import { join, posix } from 'node:path';
import type { CpuClock } from './cpu-clock.ts';
import { OpenFile } from './open-file.ts';
import { readKernelFile } from './proc-files.ts';

/** A control group that Docker or containerd made for one container has the container's id in its name. */
const containerGroup = /(^|[/:-])[0-9a-f]{64}(\.scope)?(\/|$)/;

const unified = 'sys/fs/cgroup';
/** Where each version keeps the time, and what makes ns of its number. */
const places = [
  { hierarchy: /^0::(.*)$/m, folder: unified, file: 'cpu.stat', pattern: /^usage_usec (\d+)$/m, factorNs: 1e3 },
  {
    hierarchy: /^\d+:(?:[^:]*,)?cpuacct(?:,[^:]*)?:(.*)$/m,
    folder: `${unified}/cpuacct`,
    file: 'cpuacct.usage',
    pattern: /^(\d+)$/m,
    factorNs: 1,
  },
] as const;

/**
 * The clock of the container that a process is in: it knows of all processes in it, ended ones too. Null where the process is in none, or
 * where its control group cannot be seen from here. Reads below `root`, "/" of a host.
 */
export function containerClock(pid: number, root = '/'): CpuClock | null {
  const groups = readKernelFile(root, `proc/${pid}/cgroup`) ?? '';
  for (const { hierarchy, folder, file: name, pattern, factorNs } of places) {
    const path = hierarchy.exec(groups)?.[1];
    if (path === undefined || !containerGroup.test(path) || posix.normalize(path) !== path) continue;
    const file = OpenFile.at(join(root, folder, path, name));
    if (file === undefined) continue;
    const readNs = (): number | null => {
      const number = pattern.exec(file.read() ?? '')?.[1];
      return number === undefined ? null : Number(number) * factorNs;
    };
    if (readNs() !== null) return { source: 'cgroup', readNs, [Symbol.dispose]: () => file[Symbol.dispose]() };
    file[Symbol.dispose]();
  }
  return null;
}
