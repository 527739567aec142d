import { Failure, messageOf } from '../../failure.ts';
import type { ModelMetadata } from '../../kserve/client.ts';
import type { ServerCounters } from '../../kserve/statistics.ts';
import type { Target } from '../transport.ts';

/** What a load must know of the model that it goes to, asked of the server by the protocol that the load itself uses. */
export type ModelControl = {
  /** Its name and version from its metadata; what is no text is empty. */
  server(): Promise<{ readonly name: string; readonly version: string }>;
  metadata(): Promise<ModelMetadata>;
  /** max_batch_size of the served configuration; null where the server does not tell. */
  maxBatchSize(): Promise<number | null>;
  counters(): Promise<ServerCounters>;
  /** Names of the models that the server has, ready or not; none where it does not tell. */
  models(): Promise<readonly string[]>;
};

/** The server's own answer that it will not; `reason` is its text, which may hold anything. */
export class RefusedCall extends Error {
  override readonly name = 'RefusedCall';
  readonly status: string;
  readonly reason: string;

  constructor(status: string, reason: string) {
    super(`${status}: ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}

export type ControlOptions = { readonly signal: AbortSignal; readonly timeoutMs: number };

export const answerLimitBytes = 64 * 1024 * 1024;

/**
 * Opens the control side of a target: HTTP or gRPC, with the target's headers, TLS and proxy. Each call rejects with
 * RefusedCall where the server says no, Failure (server) where it does not answer or answers something else, and with the
 * signal's reason.
 */
export async function openControl(
  protocol: 'http' | 'grpc',
  target: Target,
  options: ControlOptions,
): Promise<ModelControl> {
  return protocol === 'http'
    ? new (await import('./http-control.ts')).HttpControl(target, options)
    : new (await import('./grpc-control.ts')).GrpcControl(target, options);
}

/** Runs one call within its time, and tells in one way why it failed. */
export async function bounded<T>(
  what: string,
  { signal, timeoutMs }: ControlOptions,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    signal.throwIfAborted();
    return await call(AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof Failure || error instanceof RefusedCall) throw error;
    const why = timeout.aborted ? `not within ${timeoutMs / 1000} s` : messageOf(error);
    throw new Failure('server', 'no-answer', `${what} got no answer: ${why}`, {
      hint: 'is the server running, and is this its address and its protocol?',
      cause: error,
    });
  }
}

/** Gives up a socket with a signal; a promise that waits for the socket rejects with its closing. */
export function destroyWith(signal: AbortSignal, socket: { destroy(): unknown }): void {
  if (signal.aborted) socket.destroy();
  else signal.addEventListener('abort', () => socket.destroy(), { once: true });
}
