import { z } from 'zod';
import { count } from './quantity-schema.ts';

/** The parts of a load that variants may have of their own, as a plan file writes them. */
export const loadParts = {
  protocol: z.enum(['http', 'grpc', 'http-undici', 'grpc-js'], {
    error: 'protocol is http or grpc (or, to compare clients, http-undici or grpc-js)',
  }),
  concurrency: count('concurrency', 4096),
  batchSize: count('batchSize', 65536),
};

/** What a variant changes of the plan's load. */
export const loadChange = z.strictObject({
  protocol: loadParts.protocol.exactOptional(),
  concurrency: loadParts.concurrency.exactOptional(),
  batchSize: loadParts.batchSize.exactOptional(),
});
