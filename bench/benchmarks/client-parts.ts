import { availableParallelism } from 'node:os';
import { execaSync } from 'execa';
import { type BenchmarkServer, startTriton } from './benchmark-server.ts';
import { type ClientCommand, settleMs, tailMs } from './client-run.ts';
import { compileNative, type NativeName, startNative } from './native-server.ts';
import { type Contender, median, runRounds } from './rounds.ts';
import { summarise, type Table } from './summary.ts';
import type { Client } from './toolbox.ts';

/** One series of measurements: what to measure, how long, and where to tell of it. */
export type Campaign = {
  readonly rounds: number;
  readonly seconds: number;
  readonly clients: readonly Client[];
  /** Whether a part, a server or a client is wanted. */
  readonly wants: (name: string) => boolean;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  readonly skip: (what: string, reason: string) => void;
};

type Endpoint = {
  readonly server: BenchmarkServer;
  readonly ports: Readonly<Partial<Record<'http' | 'grpc', number>>>;
};

const concurrency = 8;
const offeredRatio = 0.7;
/** So that looking up the capacities costs little; the median of a few counts, for a host's stall may last as long. */
const capacity = { seconds: 1, rounds: 3 } as const;

/** Every client at full pressure, against each server. */
export async function* measureClosed(campaign: Campaign): AsyncGenerator<Table> {
  for await (const { name, endpoint } of endpoints(campaign, ['null-http', 'null-grpc', 'triton'])) {
    const contenders = fitting(campaign, endpoint).map(({ client, port }) => ({
      name: client.name,
      command: () => client.command({ port, seconds: runSeconds(campaign.seconds), pacing: { concurrency } }),
    }));
    yield await measure(campaign, endpoint, contenders, `closed loop, concurrency ${concurrency}, against ${name}`);
  }
}

/** The clients that can send at a given rate, all at the same one, which the weakest of them can just about keep up. */
export async function* measureOffered(campaign: Campaign): AsyncGenerator<Table> {
  for await (const { name, endpoint } of endpoints(campaign, ['null-http', 'null-grpc', 'triton'])) {
    const paced = fitting(campaign, endpoint).filter(({ client }) => client.hasRates);
    const closed = paced.map(({ client, port }) => ({
      name: client.name,
      command: () => client.command({ port, seconds: runSeconds(capacity.seconds), pacing: { concurrency } }),
    }));
    const capacities = await runRounds(closed, endpoint.server, {
      ...campaign,
      rounds: capacity.rounds,
      steadyMs: capacity.seconds * 1e3,
    });
    const weakest = Math.min(
      ...capacities.flatMap(({ runs }) =>
        runs.length === 0 ? [] : [median(runs.map(({ answeredPerSecond }) => answeredPerSecond))],
      ),
    );
    if (!Number.isFinite(weakest)) {
      campaign.skip(`offered against ${name}`, 'no client that can send at a given rate ran');
      continue;
    }
    const requestsPerSecond = Math.round(offeredRatio * weakest);
    const contenders = paced.map(({ client, port }) => ({
      name: client.name,
      command: () => client.command({ port, seconds: runSeconds(campaign.seconds), pacing: { requestsPerSecond } }),
    }));
    const title = `open loop, ${requestsPerSecond} requests/s (70 % of the weakest client's capacity), against ${name}`;
    yield await measure(campaign, endpoint, contenders, title);
  }
}

/** One thread of client on a core of its own, beside the server on another. */
export async function* measurePinned(campaign: Campaign): AsyncGenerator<Table> {
  const missing = whyNotPinned();
  if (missing !== null) {
    campaign.skip('pinned', missing);
    return;
  }
  for (const connections of [8, 64]) {
    for await (const { name, endpoint } of endpoints(campaign, ['null-http', 'null-grpc'], ['taskset', '-c', '0'])) {
      const contenders = fitting(campaign, endpoint)
        .filter(({ client }) => ['http', 'grpc', 'wrk'].includes(client.name))
        .map(({ client, port }) => ({
          name: client.name,
          command: () => {
            const pacing = { concurrency: connections };
            return onSecondCore(client.command({ port, seconds: runSeconds(campaign.seconds), pacing }));
          },
        }));
      const title = `one client on one core, the server on another: ${connections} connections, against ${name}`;
      yield await measure(campaign, endpoint, contenders, title);
    }
  }
}

async function measure(
  campaign: Campaign,
  { server }: Endpoint,
  contenders: readonly Contender[],
  title: string,
): Promise<Table> {
  campaign.progress(title);
  return summarise(title, await runRounds(contenders, server, { ...campaign, steadyMs: campaign.seconds * 1e3 }));
}

/** The wanted servers that this host has, one after the other, each ended before the next begins. */
async function* endpoints(
  campaign: Campaign,
  names: readonly (NativeName | 'triton')[],
  prefix: readonly string[] = [],
): AsyncGenerator<{ name: string; endpoint: Endpoint }> {
  for (const name of names) {
    if (!campaign.wants(name)) continue;
    campaign.signal.throwIfAborted();
    const started = name === 'triton' ? await openTriton() : await openNative(name, prefix);
    if ('missing' in started) {
      campaign.skip(name, started.missing);
      continue;
    }
    await using _server = started.found.server;
    if (fitting(campaign, started.found).length > 0) yield { name, endpoint: started.found };
  }
}

async function openTriton(): Promise<{ found: Endpoint } | { missing: string }> {
  const started = await startTriton();
  if ('missing' in started) return started;
  const { http, grpc } = started.found;
  return { found: { server: started.found, ports: { http: http.port, grpc: grpc.port } } };
}

async function openNative(
  name: NativeName,
  prefix: readonly string[],
): Promise<{ found: Endpoint } | { missing: string }> {
  const program = await compileNative(name);
  if ('missing' in program) return program;
  const [first = program.found, ...rest] = [...prefix, program.found];
  const server = await startNative(first, rest);
  const { port } = server.address;
  return { found: { server, ports: name === 'null-grpc' ? { grpc: port } : { http: port } } };
}

/** The clients that speak what the server speaks. */
function fitting({ clients, wants }: Campaign, { ports }: Endpoint): { client: Client; port: number }[] {
  return clients.flatMap((client) => {
    const port = ports[client.protocol];
    return port === undefined || !wants(client.name) ? [] : [{ client, port }];
  });
}

function runSeconds(steadySeconds: number): number {
  return steadySeconds + (settleMs + tailMs) / 1e3;
}

function onSecondCore({ command, parse }: ClientCommand): ClientCommand {
  return { command: ['taskset', '-c', '1', ...command], parse };
}

function whyNotPinned(): string | null {
  if (availableParallelism() < 2) return 'it needs two cores';
  return execaSync('taskset', ['-c', '0,1', 'true'], { reject: false }).failed
    ? 'there is no taskset, or no core 1'
    : null;
}
