import { baselineId, type Load } from '../plan/plan.ts';
import type { InForce } from './deployment.ts';
import type { Workloads } from './workloads.ts';

/**
 * Why a variant that is in force cannot be sent its load: the model takes no such batch, the server has no such address, or
 * there is nothing to compare the answers with. Null where it can, and of the baseline, whose own refusal ends the run with more to say.
 */
export function loadRefusal(
  variantId: string,
  { batchSize, transport }: Load,
  { server, served }: InForce,
  workloads: Workloads,
): string | null {
  if (variantId === baselineId) return null;
  const most = Number(served.max_batch_size ?? 0);
  if (most > 0 && batchSize > most) return `it takes batches of at most ${most} (max_batch_size), not of ${batchSize}`;
  if (transport.startsWith('grpc') && server.grpcAddress === undefined)
    return `the ${server.identity.kind} engine has no gRPC address for ${transport}`;
  const workload = workloads.get(batchSize);
  return workload !== undefined && 'refused' in workload ? workload.refused : null;
}
