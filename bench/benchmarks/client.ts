import { parseArgs } from 'node:util';
import { type Campaign, measureClosed, measureOffered, measurePinned } from './client-parts.ts';
import { type Host, hostLine, lookAtHost, numberOption, runBenchmark, usageFailure } from './entry.ts';
import { renderTable, type Table } from './summary.ts';
import { openToolbox, type Skipped } from './toolbox.ts';

const usage = `Usage: npm run bench:client -- [options]

Measures load generators, ours among them, in turns against the same servers: what they see, and what they cost.

  --rounds N             how often each client is run (5)
  --seconds S            how long each run is measured (2)
  --only WORDS           parts (closed, offered, pinned), servers (null-http, null-grpc, triton) and clients (http,
                         http-undici, grpc, grpc-js, wrk, perf_analyzer-http, perf_analyzer-grpc), with commas between
  --perf-analyzer PATH   NVIDIA's perf_analyzer; else PERF_ANALYZER, else on PATH
  --json                 all figures of all runs on standard output
`;

const parts = { closed: measureClosed, offered: measureOffered, pinned: measurePinned } as const;
const servers = ['null-http', 'null-grpc', 'triton'];
const clients = ['http', 'http-undici', 'grpc', 'grpc-js', 'wrk', 'perf_analyzer-http', 'perf_analyzer-grpc'];
const choices = [Object.keys(parts), servers, clients];

type Options = Pick<Campaign, 'rounds' | 'seconds' | 'wants'> & {
  readonly json: boolean;
  readonly perfAnalyzer: string | undefined;
};

await runBenchmark('bench:client', async (signal) => {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(usage);
  else await main(options, signal);
});

async function main({ json, perfAnalyzer, ...rest }: Options, signal: AbortSignal): Promise<void> {
  using toolbox = await openToolbox(perfAnalyzer);
  const skipped = [...toolbox.skipped];
  const campaign: Campaign = {
    ...rest,
    clients: toolbox.clients,
    signal,
    progress: (line) => process.stderr.write(`${line}\n`),
    skip: (what, reason) => skipped.push({ what, reason }),
  };
  const host = lookAtHost();
  const tables: (Table & { part: string })[] = [];
  for (const [part, measure] of Object.entries(parts)) {
    if (!rest.wants(part)) continue;
    for await (const table of measure(campaign)) {
      tables.push({ part, ...table });
      if (!json) process.stdout.write(`${renderTable(table)}\n`);
    }
  }
  const { rounds, seconds } = rest;
  if (json) process.stdout.write(`${JSON.stringify({ host, rounds, seconds, skipped, tables }, undefined, 2)}\n`);
  else process.stdout.write(`${footer(host, skipped)}\n`);
}

function footer(host: Host, skipped: readonly Skipped[]): string {
  return [
    'Medians over the rounds; "x" is the ratio to the first client of the table, as the median over the rounds.',
    '"seen" is what the client reports, "answered" what the server counted in the steady part; CPU is user and system time.',
    'Latency counts from the send; "due": from the time at which the request was meant to be sent, where the client tells.',
    hostLine(host),
    ...skipped.map(({ what, reason }) => `skipped: ${what}: ${reason}`),
  ].join('\n');
}

/** Undefined where help was asked for. @throws Failure (usage). */
function parseOptions(words: readonly string[]): Options | undefined {
  const values = parseWords(words);
  if (values.help) return undefined;
  const only = values.only?.split(',').map((word) => word.trim()) ?? [];
  const unknown = only.find((word) => !choices.flat().includes(word));
  if (unknown !== undefined) throw usageFailure(`--only ${unknown}: there is no such part, server or client`);
  return {
    rounds: numberOption('--rounds', values.rounds, { min: 1, max: 1_000, whole: true }),
    seconds: numberOption('--seconds', values.seconds, { min: 0.5, max: 60 }),
    json: values.json,
    perfAnalyzer: values['perf-analyzer'],
    // A word of one kind chooses among that kind and leaves the others as they are.
    wants: (name) => {
      const chosen = choices.find((names) => names.includes(name))?.filter((word) => only.includes(word)) ?? [];
      return chosen.length === 0 || chosen.includes(name);
    },
  };
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '2' },
        only: { type: 'string' },
        'perf-analyzer': { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw usageFailure(error);
  }
}
