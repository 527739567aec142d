import { Failure } from '../../failure.ts';
import type { LoadMeasurement } from '../measurement.ts';
import { type DiagnosedLoad, runLoad } from '../threads/run-load.ts';
import { loadTransport, plainTarget } from '../transport.ts';
import { nullInput, nullModel, nullOutputs } from './null-model.ts';
import { startNullServer } from './start.ts';

/** What the client of one protocol can do on this host at the best. The null server shares the host's processors with it. */
export type ClientCalibration = {
  readonly protocol: 'http' | 'grpc';
  readonly threadCount: number;
  /** Requests outstanding in the load that was to show the highest rate. */
  readonly concurrency: number;
  /** The most requests per second seen; more cannot be offered to any server from here. */
  readonly requestsPerSecond: number;
  readonly cpuPerRequestNs: number;
  /** Of the busiest thread, at that rate: well below 1 the null server or the host was the limit, and the client can do more. */
  readonly eventLoopUtilization: number;
  /** Share of the time, at that rate, in which the client could have run but another process did; null where the kernel does not tell. */
  readonly runQueueWaitRatio: number | null;
  /** From a send to its answer with one request outstanding: client, null server and the kernel between them. */
  readonly addedLatencyNs: { readonly mean: number; readonly p50: number; readonly p99: number };
};

const concurrency = 8;
const warmup = { minimumNs: 300e6, minimumRequestCount: 1_000 };
const windowNs = 500e6;
const requestTimeoutNs = 10e9;

/**
 * Sends to a null server for about 2 s: one request outstanding, then 8. Rejects with the reason of `signal`, and with
 * Failure (measurement) where the null server does not start or answers otherwise than it should.
 */
export async function calibrateClient({
  protocol,
  threads = 1,
  signal,
}: {
  protocol: 'http' | 'grpc';
  threads?: 'auto' | number;
  signal?: AbortSignal;
}): Promise<ClientCalibration> {
  await using server = await startNullServer(signal);
  const target = plainTarget(server[protocol], nullModel);
  const transport = await loadTransport(protocol);
  const requests = [{ ...transport.encode(target, [nullInput]), expected: nullOutputs }];
  const load = {
    transport: protocol,
    target,
    shared: transport.sharesConnections,
    requests,
    batchSize: 1,
    warmup,
    windowNs,
    limitsNs: [],
  };
  const run = async (outstanding: number): Promise<DiagnosedLoad> =>
    checked(
      await runLoad({
        ...load,
        pacing: { kind: 'closed', concurrency: outstanding },
        requestTimeoutNs,
        threads,
        ...(signal === undefined ? {} : { signal }),
      }),
    );
  const { latency } = await run(1);
  const { client, requestsPerSecond } = await run(concurrency);
  return {
    protocol,
    threadCount: client.threadCount,
    concurrency,
    requestsPerSecond,
    cpuPerRequestNs: client.cpuPerRequestNs ?? 0,
    eventLoopUtilization: client.eventLoopUtilization,
    runQueueWaitRatio: client.runQueueWaitRatio,
    addedLatencyNs: { mean: latency.sumNs / latency.count, p50: latency.p50Ns, p99: latency.p99Ns },
  };
}

function checked<T extends LoadMeasurement>(load: T): T {
  const errors = Object.entries(load.errors);
  if (errors.length === 0 && load.requestCount > 0) return load;
  const what = errors.map(([kind, count]) => `${count} requests failed: ${kind}`).join(', ') || 'no answer came';
  throw new Failure('measurement', 'null-server', `the client could not be measured: ${what}`, {
    hint: 'try again while nothing else keeps this host busy',
  });
}
