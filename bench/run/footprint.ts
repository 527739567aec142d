import { memoryOfGroup } from '../engines/server-process.ts';
import type { Footprint } from './choose-apply.ts';
import type { InForce } from './deployment.ts';

/** What the server takes just now; to be asked once a variant has answered requests, since it grows until then. */
export function footprintOf({ server, served }: Pick<InForce, 'server' | 'served'>): Footprint {
  const groups = Array.isArray(served.instance_group) ? (served.instance_group as readonly { kind?: unknown }[]) : [];
  return {
    memoryBytes: server.pid === undefined ? null : memoryOfGroup(server.pid),
    usesGpu: groups.some(({ kind }) => kind === 'KIND_GPU'),
  };
}
