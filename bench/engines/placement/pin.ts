import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { formatCpuList } from '../../cpu-list.ts';
import { Failure } from '../../failure.ts';
import { allowedOf } from './topology.ts';

/** A thread that is just being started by one that is not bound yet is missed, and found when it is looked again. */
const passesMost = 5;

/**
 * Binds all threads of this process to a list of CPUs; those that they start later are bound as they are, workers too. Disposing
 * of it lets them run again where they ran before. @throws Failure (measurement) where the kernel does not do it.
 */
export async function pinThisProcess(cpus: string): Promise<AsyncDisposable> {
  const before = cpusOfProcess('self');
  if (before === undefined) throw notPinned(cpus, 'the kernel does not tell where this process runs');
  await bind(cpus);
  return {
    async [Symbol.asyncDispose]() {
      await bind(before);
    },
  };
}

/** The CPUs that a process may use, as a list; undefined where the kernel does not tell, or the process is gone. */
export function cpusOfProcess(pid: number | 'self'): string | undefined {
  const allowed = allowedOf(readStatus(`/proc/${pid}/status`));
  return allowed === undefined ? undefined : formatCpuList(allowed);
}

async function bind(cpus: string): Promise<void> {
  for (let pass = 0; pass < passesMost; pass += 1) {
    const { failed, stderr } = await execa('taskset', ['-a', '-c', '-p', cpus, String(process.pid)], { reject: false });
    if (failed) throw notPinned(cpus, stderr.trim());
    if (threadsElsewhere(cpus) === 0) return;
  }
  throw notPinned(cpus, `${threadsElsewhere(cpus)} of its threads still run elsewhere`);
}

function threadsElsewhere(cpus: string): number {
  return readdirSync('/proc/self/task').filter((thread) => {
    const allowed = allowedOf(readStatus(`/proc/self/task/${thread}/status`));
    // One that has ended meanwhile runs nowhere.
    return allowed !== undefined && formatCpuList(allowed) !== cpus;
  }).length;
}

function notPinned(cpus: string, why: string): Failure {
  return new Failure('measurement', 'placement', `the client cannot be bound to CPUs ${cpus}: ${why}`, {
    hint: 'write placement: none, or lists of CPUs that this process may use',
  });
}

function readStatus(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
