import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Placement } from '../engines/placement/choose.ts';
import type { Candidate } from './candidates.ts';
import type { Check } from './checks.ts';
import { listHostFolder } from './host-files.ts';
import { unboundIds } from './unbound-threads.ts';

/** What stands in configurations that this host cannot do, or does differently from what was meant. */
export function checkConfigs(candidates: readonly Candidate[], placement: Placement, root = '/'): Check[] {
  return [...unboundThreads(candidates, placement), ...missingGpu(candidates, placement, root)];
}

function unboundThreads(candidates: readonly Candidate[], placement: Placement): Check[] {
  const ids = unboundIds(candidates, placement);
  if (ids.length === 0) return [];
  return [
    {
      what: 'unbound threads',
      status: 'error',
      finding: `the server may use ${cpusInWords(placement)} of this host, but onnxruntime takes a thread for each core, in every instance: ${named(ids)}`,
      advice: 'write parameters.intra_op_thread_count, and instances x threads to no more than these CPUs',
    },
  ];
}

function missingGpu(candidates: readonly Candidate[], { because }: Placement, root: string): Check[] {
  if (because === 'elsewhere' || hasGpu(root)) return [];
  const ids = candidates
    .filter(({ config }) => (config.instance_group ?? []).some(({ kind }) => kind === 'KIND_GPU'))
    .map(({ variant }) => variant.id);
  if (ids.length === 0) return [];
  return [
    {
      what: 'GPU',
      status: 'error',
      finding: `KIND_GPU, and there is no GPU on this host: ${named(ids)}`,
      advice: 'write KIND_CPU, or measure on the host that has it',
    },
  ];
}

function hasGpu(root: string): boolean {
  return (
    listHostFolder(root, 'proc/driver/nvidia/gpus').length > 0 ||
    ['dev/nvidia0', 'dev/dxg'].some((device) => existsSync(join(root, device)))
  );
}

const namesMost = 8;

function named(ids: readonly string[]): string {
  const rest = ids.length - namesMost;
  return `${ids.slice(0, namesMost).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function cpusInWords({ serverCpuCount }: Placement): string {
  return serverCpuCount === 1 ? 'one CPU' : `${serverCpuCount} CPUs`;
}
