import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import type { DockerCli } from './docker-cli.ts';

/** How a container ended, in words: "exit code 1", "signal SIGKILL", "it was removed", and whether that is known. */
export type ContainerEnd = { readonly how: string; readonly daemonGone: boolean };

const signalNames = new Map([
  [129, 'SIGHUP'],
  [130, 'SIGINT'],
  [131, 'SIGQUIT'],
  [132, 'SIGILL'],
  [134, 'SIGABRT'],
  [135, 'SIGBUS'],
  [136, 'SIGFPE'],
  [137, 'SIGKILL'],
  [139, 'SIGSEGV'],
  [143, 'SIGTERM'],
]);
const stateFormat = '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}';
/** A follower that ends while its container runs is started again, ever later if it does so at once. */
const followAgainMs = { least: 50, most: 2_000 };
const inspectTimeoutMs = 5_000;
const unknownEnd: ContainerEnd = { how: 'nobody asks any more', daemonGone: false };

/**
 * Writes what a container logs to an open file, from its beginning, until it ends or `enough` is aborted. The program that does
 * so writes to the file by itself, so that a busy event loop loses nothing and holds up nobody.
 */
export async function followContainer(
  docker: DockerCli,
  name: string,
  { logFd, enough }: { logFd: number; enough: AbortSignal },
): Promise<ContainerEnd> {
  let waitMs = followAgainMs.least;
  for (let tail = 'all'; ; tail = '0') {
    const startMs = performance.now();
    const follower = spawn('docker', ['logs', '--follow', '--tail', tail, name], {
      detached: true,
      env: docker.env,
      stdio: ['ignore', logFd, logFd],
      signal: enough,
      killSignal: 'SIGKILL',
    });
    // Where it cannot be started, nothing can be asked either, and that says why.
    await once(follower, 'close').catch(() => undefined);
    const end = enough.aborted ? unknownEnd : await endOf(docker, name, enough);
    if (end !== undefined) return end;
    const isSteady = performance.now() - startMs > followAgainMs.most;
    waitMs = isSteady ? followAgainMs.least : Math.min(2 * waitMs, followAgainMs.most);
    await delay(waitMs, undefined, { signal: enough }).catch(() => undefined);
  }
}

/** Undefined while it runs. */
async function endOf(docker: DockerCli, name: string, enough: AbortSignal): Promise<ContainerEnd | undefined> {
  try {
    const state = await docker.run(['container', 'inspect', '--format', stateFormat, name], {
      timeoutMs: inspectTimeoutMs,
      signal: enough,
    });
    const [status = '', code = '', outOfMemory = ''] = state.trim().split(' ');
    if (['running', 'paused', 'restarting'].includes(status)) return undefined;
    const signal = signalNames.get(Number(code));
    const how = signal === undefined ? `exit code ${code}` : `signal ${signal}`;
    return { how: outOfMemory === 'true' ? `${how}, out of memory` : how, daemonGone: false };
  } catch (error) {
    if (enough.aborted) return unknownEnd;
    if (!(error instanceof Failure)) throw error;
    const isRemoved = /no such container/i.test(error.message);
    return { how: isRemoved ? 'it was removed' : error.message, daemonGone: !isRemoved };
  }
}
