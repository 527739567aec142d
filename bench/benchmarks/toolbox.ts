import { fileURLToPath } from 'node:url';
import { messageOf } from '../failure.ts';
import { loadTransport } from '../load/transport.ts';
import type { Transport as TransportName } from '../plan/plan.ts';
import type { ClientCommand } from './client-run.ts';
import { PerfAnalyzer } from './perf-analyzer.ts';
import { Wrk } from './wrk.ts';

/** Every client there is on this host, and why the others are not. */
export type Toolbox = Disposable & {
  readonly clients: readonly Client[];
  readonly skipped: readonly Skipped[];
};

export type Skipped = { readonly what: string; readonly reason: string };

export type ClientLoad = {
  readonly port: number;
  /** How long to send: whole seconds where the client knows no others. */
  readonly seconds: number;
  readonly pacing: { readonly concurrency: number } | { readonly requestsPerSecond: number };
};

export type Client = {
  readonly name: string;
  readonly protocol: 'http' | 'grpc';
  /** Whether it can send at a given rate, whatever the answers do. */
  readonly hasRates: boolean;
  readonly command: (load: ClientLoad) => ClientCommand;
};

const ourProgram = fileURLToPath(new URL('our-client.ts', import.meta.url));
const ours: readonly TransportName[] = ['http', 'http-undici', 'grpc', 'grpc-js'];

/** In the order of the tables: ours on the cheapest transport of a protocol comes first and is what the rest is compared with. */
export async function openToolbox(perfAnalyzerPath: string | undefined): Promise<Toolbox> {
  using stack = new DisposableStack();
  const skipped: Skipped[] = [];
  const clients: Client[] = [];
  for (const name of ours) {
    const missing = await whyMissing(name);
    if (missing === null) clients.push(ourClient(name));
    else skipped.push({ what: name, reason: missing });
  }
  const wrk = Wrk.find();
  if ('found' in wrk) clients.push(wrkClient(stack.use(wrk.found)));
  else skipped.push({ what: 'wrk', reason: wrk.missing });
  const analyzer = PerfAnalyzer.find(perfAnalyzerPath);
  if ('missing' in analyzer) skipped.push({ what: 'perf_analyzer', reason: analyzer.missing });
  else {
    const program = stack.use(analyzer.found);
    clients.push(...(['http', 'grpc'] as const).map((protocol) => analyzerClient(program, protocol)));
  }
  const owned = stack.move();
  return { clients, skipped, [Symbol.dispose]: () => owned.dispose() };
}

/** Our load generator in a process of its own. */
function ourClient(name: TransportName): Client {
  return {
    name,
    protocol: name.startsWith('grpc') ? 'grpc' : 'http',
    hasRates: name === 'http' || name === 'grpc',
    command({ port, seconds, pacing }) {
      const paced =
        'concurrency' in pacing
          ? ['--concurrency', pacing.concurrency]
          : ['--requests-per-second', pacing.requestsPerSecond];
      const flags = ['--transport', name, '--port', port, '--seconds', seconds, ...paced].map(String);
      return { command: [process.execPath, ourProgram, ...flags], parse: (stdout) => JSON.parse(stdout) };
    },
  };
}

function wrkClient(wrk: Wrk): Client {
  return {
    name: 'wrk',
    protocol: 'http',
    hasRates: false,
    command({ port, seconds, pacing }) {
      if (!('concurrency' in pacing)) throw new RangeError('wrk cannot send at a given rate');
      return wrk.command({ port, seconds, connections: pacing.concurrency, threads: 1 });
    },
  };
}

function analyzerClient(program: PerfAnalyzer, protocol: 'http' | 'grpc'): Client {
  return {
    name: `perf_analyzer-${protocol}`,
    protocol,
    hasRates: true,
    command: (load) => program.command({ ...load, protocol }),
  };
}

async function whyMissing(name: TransportName): Promise<string | null> {
  try {
    await loadTransport(name);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
