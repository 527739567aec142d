import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine, Server } from '../../engines/engine.ts';
import { KServeClient, type ModelMetadata, type ServedConfig } from '../../kserve/client.ts';
import type { Tensor } from '../../kserve/tensors.ts';
import { parseConfig, toPlain } from '../../modelconfig/config.ts';
import type { PlainConfig } from '../../modelconfig/plain.ts';
import { seededRandom } from '../../random.ts';
import type { Instruments } from '../../run/instruments.ts';
import { noUsage } from '../../run/server-usage.ts';
import type { WatchServer } from '../../run/watch-server.ts';
import { type ScriptedHost, servingOf } from '../../testing/scripted-host.ts';
import { scriptedStatistics } from '../../testing/scripted-host-control.ts';
import { ScriptedHostState } from '../../testing/scripted-host-state.ts';
import { scriptedMetadata, scriptedOutputs } from '../../testing/scripted-model.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { simulateLoad } from '../../testing/simulated-load.ts';
import { type HostNoise, hostNoise } from './host-noise.ts';

/** What is simulated beside the host itself. */
export type SimulatedPlace = {
  readonly host: ScriptedHost;
  readonly noiseLevel: number;
  readonly startMs: number;
  readonly loadMs: number;
  readonly networkNs: number;
  readonly seed: number;
};

/** An engine and instruments that take no time: a sweep with them runs on a simulated host, and the clock is the host's. */
export function simulatedEngine(place: SimulatedPlace): { engine: Engine; instruments: Instruments } {
  const clock = new SimulatedClock();
  const noise = hostNoise(place.noiseLevel, seededRandom(2 * place.seed));
  const host = new ScriptedHostState(place.host, servingOf({}), seededRandom(2 * place.seed + 1), noise);
  return {
    engine: {
      kind: 'local',
      async start({ repository }) {
        clock.pass(place.startMs);
        noise.process();
        return serverOf(new SimulatedControl({ repository, host, clock, noise, loadMs: place.loadMs }));
      },
    },
    instruments: {
      clock,
      probeHost: () => ({ iterationsPerUs: 500 }),
      watchServer: watchHost(place.host, host),
      async runLoad(load) {
        return simulateLoad(load, { host, clock, networkNs: place.networkNs });
      },
    },
  };
}

/** Processor time as the executions of a window have it, slow hosts, warm-up and jitter apart: whatever a host's noise, work is work. */
function watchHost(host: ScriptedHost, state: ScriptedHostState): WatchServer {
  return async () => {
    const workNs = { open: 0, close: 0 };
    return {
      edge(edge) {
        const { executionCount, rowCount } = state.counts;
        workNs[edge] = state.serving.effort * (executionCount * host.fixedNs + rowCount * host.rowNs);
      },
      async usage(inferenceCount) {
        const ns = workNs.close - workNs.open;
        return ns > 0 && inferenceCount > 0 ? { ...noUsage, cpu: { ns, inferenceCount, source: 'threads' } } : noUsage;
      },
      [Symbol.dispose]: () => undefined,
    };
  };
}

type Parts = {
  readonly repository: string;
  readonly host: ScriptedHostState;
  readonly clock: SimulatedClock;
  readonly noise: HostNoise;
  readonly loadMs: number;
};

/** Answers as a server would that serves a scripted host; nothing goes over the network. */
class SimulatedControl extends KServeClient {
  readonly #parts: Parts;
  #config: PlainConfig = {};

  constructor(parts: Parts) {
    super('http://127.0.0.1:9');
    this.#parts = parts;
  }

  override async load(model: string): Promise<void> {
    const { repository, host, clock, noise, loadMs } = this.#parts;
    this.#config = readConfig(join(repository, model, 'config.pbtxt'));
    clock.pass(loadMs);
    noise.load();
    host.load(servingOf(this.#config), clock.nowNs);
  }

  override async unload(): Promise<void> {
    this.#config = {};
  }

  override async config(): Promise<ServedConfig> {
    return this.#config;
  }

  override async modelMetadata(): Promise<ModelMetadata> {
    return scriptedMetadata;
  }

  override async infer(_model: string, inputs: readonly Tensor[]): Promise<Tensor[]> {
    const [input] = inputs;
    return input === undefined ? [] : scriptedOutputs(input);
  }

  override async statistics(): Promise<unknown> {
    const isCached = (this.#config.response_cache as { enable?: boolean } | undefined)?.enable === true;
    return scriptedStatistics(this.#parts.host.counts, { isCached });
  }
}

function serverOf(control: KServeClient): Server {
  const stop = async (): Promise<void> => {};
  return {
    identity: { kind: 'local', version: '1.0.0', backend: 'a simulated host', transferable: true },
    httpAddress: { host: '127.0.0.1', port: 9 },
    grpcAddress: undefined,
    metricsAddress: undefined,
    control,
    died: new AbortController().signal,
    pid: undefined,
    command: ['simulated'],
    logMark: () => 0,
    logSince: () => [],
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const known = new Map<string, PlainConfig>();

function readConfig(file: string): PlainConfig {
  const text = readFileSync(file, 'utf8');
  const config = known.get(text) ?? toPlain(parseConfig(text, file));
  known.set(text, config);
  return config;
}
