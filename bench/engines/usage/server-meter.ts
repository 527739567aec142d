import type { Server } from '../engine.ts';
import { containerClock } from './container-clock.ts';
import type { CpuClock } from './cpu-clock.ts';
import { descendantsOf } from './descendants.ts';
import { readKernelFile } from './proc-files.ts';
import { processClock } from './process-clock.ts';

/** What a server takes of this host: processor time from moment to moment, and memory. */
export type ServerMeter = Disposable & {
  /** Null where it cannot be seen. */
  readonly clock: CpuClock | null;
  /** Resident memory of its processes by now; what several of them share counts for each. Null where it cannot be seen. */
  residentBytes(): number | null;
};

/**
 * Looks for the processes of a server, those of its python models among them, and opens what tells their time. Nothing is known of a server of
 * another host, or of a container in a machine of its own.
 */
export function meterServer({ pid, identity }: Pick<Server, 'pid' | 'identity'>, root = '/'): ServerMeter {
  if (pid === undefined) return { clock: null, residentBytes: () => null, [Symbol.dispose]: () => undefined };
  const isContainer = identity.kind === 'docker';
  // A shell that only watches over a server of ours is its child, but of another group.
  const members = isContainer
    ? descendantsOf(pid, undefined, root)
    : descendantsOf(pid, ({ group }) => group === pid, root);
  const clock = (isContainer ? containerClock(pid, root) : null) ?? processClock(members, root);
  return {
    clock,
    residentBytes: () => residentOf(members, root),
    [Symbol.dispose]: () => clock?.[Symbol.dispose](),
  };
}

function residentOf(members: readonly number[], root: string): number | null {
  const known = members.flatMap((pid) => {
    const [, kibibytes] = /^VmRSS:\s+(\d{1,15}) kB$/m.exec(readKernelFile(root, `proc/${pid}/status`) ?? '') ?? [];
    return kibibytes === undefined ? [] : Number(kibibytes) * 1_024;
  });
  return known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0);
}
