import type { PlainConfig, PlainMessage } from '../../modelconfig/plain.ts';
import type { BatchingPolicy, QueuePolicy } from './batcher.ts';

/** The dynamic batching that a filled-in config asks for; undefined where it asks for none, or the model takes no batches. */
export function batchingPolicyOf(config: PlainConfig): BatchingPolicy | undefined {
  const { dynamic_batching: batching, max_batch_size: most = 0 } = config;
  if (batching === undefined) return undefined;
  const preferred = Array.isArray(batching.preferred_batch_size) ? batching.preferred_batch_size.map(Number) : [];
  const levelCount = Math.max(1, Math.min(Number(batching.priority_levels ?? 0), maxLevels));
  const byLevel = (batching.priority_queue_policy ?? {}) as PlainMessage;
  const usual = batching.default_queue_policy as PlainMessage | undefined;
  return {
    maxBatchSize: Math.max(1, most),
    preferredBatchSizes: preferred.length > 0 ? preferred.toSorted((a, b) => a - b) : [Math.max(1, most)],
    maxQueueDelayUs: Number(batching.max_queue_delay_microseconds ?? 0),
    levels: Array.from({ length: levelCount }, (_, index) => {
      const own = Number(batching.priority_levels ?? 0) > 0 ? byLevel[String(index + 1)] : undefined;
      return queuePolicyOf((own as PlainMessage | undefined) ?? usual ?? {});
    }),
    defaultLevel: Math.max(0, Math.min(levelCount, Number(batching.default_priority_level ?? 0)) - 1),
  };
}

/** A config may name any number of levels; each costs memory here. */
const maxLevels = 4096;

function queuePolicyOf(policy: PlainMessage): QueuePolicy {
  return {
    timeoutAction: policy.timeout_action === 'DELAY' ? 'DELAY' : 'REJECT',
    defaultTimeoutUs: Number(policy.default_timeout_microseconds ?? 0),
    allowTimeoutOverride: policy.allow_timeout_override === true,
    maxQueueSize: Number(policy.max_queue_size ?? 0),
  };
}
