import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../../testing/scripted-model.ts';
import type { ScriptedRecord } from '../../testing/scripted-record.ts';
import type { LoadMeasurement, ScheduleKept } from '../measurement.ts';
import { type OpenLoop, runOpenLoop, unboundedInFlight } from '../open-loop.ts';
import { constantRate } from '../pacing/schedule.ts';
import { type Carrier, loadTransport, plainTarget } from '../transport.ts';

/** The transports that every rule of an open loop is tested on. */
export const protocols = ['http', 'grpc'] as const;
export type Protocol = (typeof protocols)[number];

export type WorkerServer = AsyncDisposable & {
  readonly address: { readonly host: string; readonly port: number };
  readonly pid: number;
  record(): Promise<ScriptedRecord>;
};

/** Starts a scripted server in a process of its own, which serves so many requests at once and holds each for so long. */
export async function startWorkerServer(protocol: Protocol, holdMs: number, workers: number): Promise<WorkerServer> {
  const file = fileURLToPath(new URL('./fixtures/worker-server.ts', import.meta.url));
  const child = execa(process.execPath, [file, protocol, `${holdMs}`, `${workers}`], { buffer: false, reject: false });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = async (): Promise<unknown> => {
    const { value } = await lines.next();
    return JSON.parse(value ?? 'null');
  };
  const port = await said();
  return {
    address: { host: '127.0.0.1', port: port as number },
    pid: child.pid ?? 0,
    async record() {
      child.stdin.write('\n');
      return (await said()) as ScriptedRecord;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await child;
    },
  };
}

export type OpenLoadOptions = Partial<OpenLoop> & {
  readonly requestsPerSecond?: number;
  readonly wrap?: (carrier: Carrier) => Carrier;
};

/** A short open loop on a scripted server; what a test is about it says itself. */
export async function openLoadOn(
  protocol: Protocol,
  address: { readonly host: string; readonly port: number },
  { requestsPerSecond = 100, wrap = (carrier) => carrier, ...options }: OpenLoadOptions = {},
): Promise<LoadMeasurement & { readonly schedule: ScheduleKept }> {
  const transport = await loadTransport(protocol);
  const target = plainTarget(address, scriptedModel);
  using carrier = transport.open(target, { shared: false });
  const requests = Array.from({ length: 5 }, (_, index) => {
    const input = scriptedInput([[index, 0.5, 1, 2]]);
    return { ...transport.encode(target, [input]), expected: scriptedOutputs(input) };
  });
  const measurement = await runOpenLoop({
    carrier: wrap(carrier),
    requests,
    pacing: { kind: 'constant', requestsPerSecond },
    schedule: constantRate(requestsPerSecond),
    batchSize: 1,
    warmupNs: 100e6,
    windowNs: 500e6,
    requestTimeoutNs: 5e9,
    limitsNs: [],
    inFlight: unboundedInFlight,
    firstLaneCount: 4,
    ...options,
  });
  const { schedule } = measurement;
  if (schedule === null) throw new Error('an open loop keeps a schedule');
  return { ...measurement, schedule };
}
