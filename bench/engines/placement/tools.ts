import { execa } from 'execa';
import { formatCpuList } from '../../cpu-list.ts';
import type { PlacementTools } from './choose.ts';
import type { HostTopology } from './topology.ts';

const timeoutMs = 5_000;

/**
 * Which programs bind processes here, tried and not only looked for: there are a `taskset` that knows no lists, and containers
 * in which `numactl` is there and may not bind memory.
 */
export async function findPlacementTools({ cores, allowed }: HostTopology): Promise<PlacementTools> {
  if (process.platform !== 'linux') return { taskset: false, numactl: false };
  const node = cores.find((core) => core.node !== null)?.node ?? 0;
  const hasNodes = new Set(cores.flatMap((core) => core.node ?? [])).size > 1;
  const [taskset, numactl] = await Promise.all([
    works('taskset', ['-c', formatCpuList(allowed), 'true']),
    hasNodes ? works('numactl', [`--membind=${node}`, 'true']) : false,
  ]);
  return { taskset, numactl };
}

async function works(program: string, args: readonly string[]): Promise<boolean> {
  const { failed } = await execa(program, args, { reject: false, stdio: 'ignore', timeout: timeoutMs });
  return !failed;
}
