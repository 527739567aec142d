import type { Address, EngineIdentity, Server } from '../engines/engine.ts';
import { Failure } from '../failure.ts';
import type { KServeClient } from '../kserve/client.ts';
import { countersBetween, readCounters, type ServerCounters } from '../kserve/statistics.ts';
import type { Tensor } from '../kserve/tensors.ts';
import { clientLimits } from '../load/client-limits.ts';
import type { LoadMeasurement } from '../load/measurement.ts';
import type { PreparedRequest } from '../load/rotation.ts';
import type { LoadPacing } from '../load/threads/run-load.ts';
import { loadTransport, plainTarget, type Target, type Transport } from '../load/transport.ts';
import type { Load, Plan, Slice } from '../plan/plan.ts';
import type { InForce } from './deployment.ts';
import type { Instruments } from './instruments.ts';
import { outstandingOf } from './load-of.ts';
import type { ServerUsage } from './server-usage.ts';
import { whyUnfit } from './unfit.ts';

/** One measured slice as it stands in the journal. */
export type Measurement = LoadMeasurement & {
  readonly loadMs: number;
  readonly hostProbe: { readonly iterationsPerUs: number };
  /** What the server counted while the window was open; null where it did not answer. */
  readonly server: ServerCounters | null;
  /** What the server took meanwhile; slices of older journals have none. */
  readonly usage?: ServerUsage;
  readonly engine: Pick<EngineIdentity, 'kind' | 'version' | 'backend'> & { readonly pid: number | null };
  /** Why the slice cannot be used; empty for a valid one. Never a matter of how large its value is. */
  readonly invalid: readonly string[];
};

/** The distinct requests of a run, of one batch size, and their right answers. */
export type Workload = {
  readonly inputs: readonly (readonly Tensor[])[];
  readonly answers: readonly (readonly Tensor[])[];
};

/** `threads`: that the client sends with, 1 unless told. */
export type SliceTiming = {
  readonly warmupMs: number;
  readonly sliceMs: number;
  readonly threads?: number;
  /** Keeps the timeline of the load: journals stay small where nobody looks at it. */
  readonly timeline?: boolean;
};

/** Warms the variant up and measures it once. Rejects with the reason of `signal`, or of the server's death. */
export async function measureSlice(
  slice: Pick<Slice, 'load'>,
  { server, model, loadMs }: Pick<InForce, 'server' | 'model' | 'loadMs'>,
  timing: SliceTiming,
  context: { plan: Plan; workload: Workload; instruments: Instruments; signal: AbortSignal },
): Promise<Measurement> {
  const { plan, workload, instruments } = context;
  using watch = await instruments.watchServer(server, model);
  const hostProbe = instruments.probeHost();
  const counters = watchCounters(server.control, model);
  const transport = await loadTransport(slice.load.transport);
  const target = targetOf(transport, server, model);
  const measurement = await instruments.runLoad({
    transport: transport.name,
    target,
    shared: transport.sharesConnections,
    requests: prepare(transport, target, workload),
    pacing: pacingOf(slice.load, plan),
    threads: timing.threads ?? 1,
    timeline: timing.timeline === true,
    batchSize: slice.load.batchSize,
    warmup: { minimumNs: timing.warmupMs * 1e6, minimumRequestCount: outstandingOf(slice.load) },
    windowNs: timing.sliceMs * 1e6,
    requestTimeoutNs: plan.load.requestTimeoutMs * 1e6,
    limitsNs: plan.constraints.flatMap((constraint) => ('atMostNs' in constraint ? [constraint.atMostNs] : [])),
    signal: AbortSignal.any([context.signal, server.died]),
    onWindow(edge) {
      watch.edge(edge);
      counters.mark(edge);
    },
  });
  const { kind, version, backend } = server.identity;
  const counted = await counters.between();
  const usage = await watch.usage(measurement.requestCount * slice.load.batchSize);
  const reasons = whyInvalid(measurement);
  return {
    ...measurement,
    loadMs,
    hostProbe,
    server: counted,
    usage,
    engine: { kind, version, backend, pid: server.pid ?? null },
    invalid: reasons.length > 0 ? reasons : whyUnfit({ server: counted, usage }, plan),
  };
}

/** An open loop may have many more outstanding than it needs on the average: what waits for a place is the server's doing. */
const openLimit = 256;

function pacingOf({ pacing }: Load, { seed }: Plan): LoadPacing {
  if (pacing.kind === 'closed') return pacing;
  if (pacing.kind === 'trace') throw new RangeError('a slice replays no trace');
  const { kind, requestsPerSecond } = pacing;
  const inFlight = { limit: openLimit, whenFull: 'wait' } as const;
  return kind === 'poisson' ? { kind, requestsPerSecond, seed, inFlight } : { kind, requestsPerSecond, inFlight };
}

function targetOf(transport: Transport, server: Server, model: string): Target {
  const plain = plainTarget(addressFor(transport, server), model);
  return { ...plain, ...server.attached?.over[transport.name.startsWith('grpc') ? 'grpc' : 'http'] };
}

function addressFor({ name }: Transport, { httpAddress, grpcAddress, identity }: Server): Address {
  const address = name.startsWith('grpc') ? grpcAddress : httpAddress;
  if (address !== undefined) return address;
  throw new Failure('server', 'no-grpc', `the ${identity.kind} engine has no gRPC address`, {
    hint: 'write protocol: http in the plan, or let the server listen for gRPC (a remote one: engine.grpc names its address)',
  });
}

function prepare(transport: Transport, target: Target, { inputs, answers }: Workload): PreparedRequest[] {
  return inputs.map((tensors, index) => ({
    ...transport.encode(target, tensors),
    expected: answers[index] ?? [],
  }));
}

/** Reads the server's counters at both edges of the window, while load goes on. */
function watchCounters(control: KServeClient, model: string) {
  const read = (): Promise<ServerCounters | null> => control.statistics(model).then(readCounters, () => null);
  const edges: Partial<Record<'open' | 'close', Promise<ServerCounters | null>>> = {};
  return {
    mark(edge: 'open' | 'close'): void {
      edges[edge] = read();
    },
    async between(): Promise<ServerCounters | null> {
      const [before, after] = await Promise.all([edges.open, edges.close]);
      return before === undefined || after === undefined || before === null || after === null
        ? null
        : countersBetween(before, after);
    },
  };
}

const pressureLeast = 0.98;

function whyInvalid(measurement: LoadMeasurement): string[] {
  const { errors, pressureRatio, requestCount } = measurement;
  const reasons = Object.entries(errors).map(([kind, count]) => `${count} requests failed: ${kind}`);
  if (reasons.length > 0) return reasons;
  if (requestCount === 0) return ['no request was answered in the window'];
  if (pressureRatio < pressureLeast)
    reasons.push(`only ${(pressureRatio * 100).toFixed(1)} % of the requests that should be outstanding were`);
  reasons.push(...clientLimits(measurement));
  return reasons;
}
