import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { execa, execaSync } from 'execa';
import type { BenchmarkServer } from './benchmark-server.ts';

/** What a client reports of its own run. */
export type ClientReport = {
  readonly requestsPerSecond: number;
  /** From the send to the answer, as every client tells. */
  readonly meanLatencyNs: number;
  readonly p99LatencyNs: number;
  /** From the time at which the request was meant to be sent; null in a closed loop, and where the client does not tell. */
  readonly sinceDue: { readonly meanNs: number; readonly p99Ns: number } | null;
  /** Requests that failed, were answered wrongly or, at a given rate, were not sent; null where the client does not tell. */
  readonly errorCount: number | null;
};

/** One client as a command line, and how its output is read. */
export type ClientCommand = {
  readonly command: readonly [string, ...string[]];
  readonly parse: (stdout: string) => ClientReport;
};

/** A run as its client saw it, and as the server and the kernel did over the steady part of it. */
export type ClientRun = ClientReport & {
  readonly answeredPerSecond: number;
  readonly cpuUsPerRequest: number;
};

/** A client sends for that much longer than the steady part: to settle before it, and to be done after it. */
export const settleMs = 600;
export const tailMs = 400;

const startLimitMs = 20_000;
const clockTicksPerSecond = Number(execaSync('getconf', ['CLK_TCK'], { reject: false }).stdout) || 100;

/** Runs a client to its end, and meanwhile counts answers and processor time for `steadyMs`. @throws Error where it fails. */
export async function runClient(
  { command: [program, ...flags], parse }: ClientCommand,
  server: BenchmarkServer,
  options: { readonly steadyMs: number; readonly signal: AbortSignal },
): Promise<ClientRun> {
  const { steadyMs, signal } = options;
  const child = execa(program, flags, {
    cancelSignal: signal,
    forceKillAfterDelay: 1_000,
    timeout: startLimitMs + steadyMs + settleMs + tailMs + 10_000,
    stdin: 'ignore',
  });
  const steady = watchSteadyPart(child.pid, server, options);
  const [ended, watched] = await Promise.allSettled([child, steady]);
  if (ended.status === 'rejected') throw ended.reason;
  if (watched.status === 'rejected') throw watched.reason;
  return { ...parse(ended.value.stdout), ...watched.value };
}

async function watchSteadyPart(
  pid: number | undefined,
  server: BenchmarkServer,
  { steadyMs, signal }: { readonly steadyMs: number; readonly signal: AbortSignal },
): Promise<Pick<ClientRun, 'answeredPerSecond' | 'cpuUsPerRequest'>> {
  if (pid === undefined) throw new Error('the client did not start');
  const before = await server.answeredCount();
  const deadlineMs = performance.now() + startLimitMs;
  // Clients ask for a few single answers before their load begins.
  while ((await server.answeredCount()) < before + 20) {
    if (performance.now() > deadlineMs || processorTimeMs(pid) === null) throw new Error('the client sent no load');
    await delay(20, undefined, { signal });
  }
  await delay(settleMs, undefined, { signal });
  const first = await sample(pid, server);
  await delay(steadyMs, undefined, { signal });
  const last = await sample(pid, server);
  const answered = last.answeredCount - first.answeredCount;
  return {
    answeredPerSecond: (answered * 1_000) / (last.atMs - first.atMs),
    cpuUsPerRequest: ((last.cpuMs - first.cpuMs) * 1_000) / answered,
  };
}

async function sample(pid: number, server: BenchmarkServer) {
  const answeredCount = await server.answeredCount();
  const cpuMs = processorTimeMs(pid);
  if (cpuMs === null) throw new Error('the client ended before its steady part did');
  return { answeredCount, cpuMs, atMs: performance.now() };
}

/** User and system time of all threads of a process; null where it has ended. */
function processorTimeMs(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Fields are counted behind the name, which may hold anything.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[10]) + Number(fields[11]);
    return state === 'Z' || state === 'X' ? null : (ticks * 1_000) / clockTicksPerSecond;
  } catch {
    return null;
  }
}
