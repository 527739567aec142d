import type { Server } from '../engines/engine.ts';
import { GpuWatch } from '../engines/usage/gpu-watch.ts';
import type { GpuReading } from '../engines/usage/nvidia-smi.ts';
import { meterServer } from '../engines/usage/server-meter.ts';
import { MetricsEndpoint, type MetricsPage } from '../kserve/metrics-endpoint.ts';
import { readServerMetrics } from '../kserve/server-metrics.ts';
import { type CpuUsed, cpuFromMetrics, metricsBetween, noEndpoint, type ServerUsage } from './server-usage.ts';

/**
 * Looks at a server around one load. All that takes time happens when it is made and in `usage`, before and after the load; at the edges of the window
 * the clocks of the server's threads are read, once each.
 */
export type UsageWatch = Disposable & {
  edge(edge: 'open' | 'close'): void;
  /** Once the load has ended; `inferenceCount` is that of the window. */
  usage(inferenceCount: number): Promise<ServerUsage>;
};

/** Makes one; `model` is the name that the variant is served under. */
export type WatchServer = (server: Server, model: string) => Promise<UsageWatch>;

/** A server that nobody loads answers in 2 ms; one that is far away takes as long as its calls do. */
const waits = { ownMs: 50, attachedMs: 1_000 };

/** Watches servers of this host, and what remote ones tell. An endpoint or a program that does not answer is asked once per server. */
export function serverWatcher(timeouts = waits): WatchServer {
  const endpoints = new WeakMap<Server, MetricsEndpoint>();
  const gpuWatch = new GpuWatch();
  return async (server, model) => {
    const endpoint = endpoints.get(server) ?? endpointOf(server, timeouts);
    if (endpoint !== undefined) endpoints.set(server, endpoint);
    const meter = meterServer(server);
    const look = async (): Promise<Look> => {
      const gpus = server.attached === undefined ? gpuWatch.read() : null;
      const page = endpoint?.read() ?? { unknown: noEndpoint };
      return { page: await page, gpus: await gpus };
    };
    try {
      const before = await look();
      return watchOf({ meter, before, look, model });
    } catch (error) {
      meter[Symbol.dispose]();
      throw error;
    }
  };
}

type Look = { readonly page: MetricsPage; readonly gpus: readonly GpuReading[] | null };

type Parts = {
  readonly meter: ReturnType<typeof meterServer>;
  readonly before: Look;
  readonly look: () => Promise<Look>;
  readonly model: string;
};

function watchOf({ meter, before, look, model }: Parts): UsageWatch {
  const edges: { open: number | null; close: number | null } = { open: null, close: null };
  let isOver = false;
  return {
    edge(edge) {
      // A load that was ended may still tell of one when its files are closed.
      if (!isOver) edges[edge] = meter.clock?.readNs() ?? null;
    },
    async usage(inferenceCount) {
      const residentBytes = meter.residentBytes();
      const after = await look();
      const seen = between(before.page, after.page, model);
      const { open, close } = edges;
      const isTimed = open !== null && close !== null && close >= open && inferenceCount > 0;
      const timed: CpuUsed | null =
        isTimed && meter.clock !== null ? { ns: close - open, inferenceCount, source: meter.clock.source } : null;
      return {
        cpu: timed ?? seen.cpu,
        residentBytes: residentBytes ?? seen.residentBytes,
        metrics: seen.metrics,
        gpus: before.gpus === null || after.gpus === null ? null : { before: before.gpus, after: after.gpus },
      };
    },
    [Symbol.dispose]() {
      isOver = true;
      meter[Symbol.dispose]();
    },
  };
}

function between(
  before: MetricsPage,
  after: MetricsPage,
  model: string,
): Pick<ServerUsage, 'cpu' | 'residentBytes' | 'metrics'> {
  if ('unknown' in before || 'unknown' in after) {
    const unknown = 'unknown' in before ? before.unknown : 'unknown' in after ? after.unknown : '';
    return { cpu: null, residentBytes: null, metrics: { unknown } };
  }
  const [from, to] = [readServerMetrics(before.text, model), readServerMetrics(after.text, model)];
  return {
    cpu: cpuFromMetrics(from, to),
    residentBytes: to.process.residentBytes,
    metrics: metricsBetween(from, to),
  };
}

function endpointOf(
  { metricsAddress, attached }: Server,
  { ownMs, attachedMs }: typeof waits,
): MetricsEndpoint | undefined {
  if (attached?.metrics !== undefined) {
    const { url, send } = attached.metrics;
    return new MetricsEndpoint(url, { timeoutMs: attachedMs, send });
  }
  if (metricsAddress === undefined) return undefined;
  const { host, port } = metricsAddress;
  return new MetricsEndpoint(`http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`, { timeoutMs: ownMs });
}
