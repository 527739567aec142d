import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Failure, messageOf } from '../../failure.ts';

/**
 * A server that answers every inference at once with the same right answer, over HTTP/1.1 and over gRPC, in a process of
 * its own on this host: what a load on it shows is the client. It ends with this process at the latest.
 */
export type NullServer = AsyncDisposable & {
  readonly http: { readonly host: string; readonly port: number };
  readonly grpc: { readonly host: string; readonly port: number };
  readonly pid: number;
};

const program = fileURLToPath(new URL('process.ts', import.meta.url));
const startTimeoutMs = 20_000;

/** @throws Failure (measurement) where it does not start; rejects with the reason of `signal`. */
export async function startNullServer(signal?: AbortSignal): Promise<NullServer> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').catch(() => undefined);
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const { http, grpc } = await portsOf(child, signal);
    const host = '127.0.0.1';
    return {
      http: { host, port: http },
      grpc: { host, port: grpc },
      pid: child.pid ?? 0,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    signal?.throwIfAborted();
    throw new Failure('measurement', 'null-server', `the null server did not start: ${messageOf(error)}`, {
      hint: 'another Node program on this host must be able to listen on 127.0.0.1',
      cause: error,
    });
  }
}

/** What it prints once it listens. */
async function portsOf(
  child: ChildProcessByStdio<Writable, Readable, null>,
  signal: AbortSignal | undefined,
): Promise<{ http: number; grpc: number }> {
  // It may be gone before it is told anything.
  child.stdin.on('error', () => undefined);
  const timeout = AbortSignal.timeout(startTimeoutMs);
  const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const exit = once(child, 'exit', { signal: either }).then(([code]) => {
    throw new Error(`it ended with exit code ${code}`);
  });
  const [line] = (await Promise.race([once(child.stdout, 'data', { signal: either }), exit])) as [Buffer];
  exit.catch(() => undefined);
  return JSON.parse(line.toString()) as { http: number; grpc: number };
}
