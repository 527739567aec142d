import { readFileSync } from 'node:fs';
import type { ClientCost } from './measurement.ts';

/** Starts watching this thread's cost; the function it returns gives the cost since then. */
export function watchClientCost(): () => ClientCost {
  const cpu = process.cpuUsage();
  const utilization = performance.eventLoopUtilization();
  const waitNs = runQueueWaitNs();
  const startMs = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    const elapsedNs = (performance.now() - startMs) * 1e6;
    const waitedNs = runQueueWaitNs();
    return {
      cpuNs: (user + system) * 1e3,
      // Of no time at all it is not a number.
      eventLoopUtilization: performance.eventLoopUtilization(utilization).utilization || 0,
      runQueueWaitRatio: waitNs === null || waitedNs === null ? null : (waitedNs - waitNs) / elapsedNs,
    };
  };
}

/** The second field of schedstat: time this thread waited for a processor. A kernel that does not count leaves all at 0. */
function runQueueWaitNs(): number | null {
  try {
    const [ran, waited] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ').map(Number);
    return ran === undefined || waited === undefined || !(ran > 0 && waited >= 0) ? null : waited;
  } catch {
    return null;
  }
}
