import type { Placement } from '../engines/placement/choose.ts';
import { backendOf } from '../modelconfig/lint.ts';
import type { Candidate } from './candidates.ts';

/**
 * Variants whose onnxruntime would start a thread for each core of the host, in every instance, though the server may use only
 * some of them: their threads wait for one another on too few CPUs, and what is measured is that.
 */
export function unboundIds(candidates: readonly Candidate[], { narrowed }: Pick<Placement, 'narrowed'>): string[] {
  if (!narrowed) return [];
  return candidates
    .filter(({ config }) => backendOf(config) === 'onnxruntime')
    .filter(({ config }) => !(Number(config.parameters?.intra_op_thread_count?.string_value ?? 0) > 0))
    .filter(
      ({ config }) =>
        !(config.instance_group ?? []).every(({ kind }) => kind === 'KIND_GPU') || config.instance_group === undefined,
    )
    .map(({ variant }) => variant.id);
}
