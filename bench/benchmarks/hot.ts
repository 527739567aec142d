import { parseArgs } from 'node:util';
import { Bench, type Task } from 'tinybench';
import { hostLine, lookAtHost, numberOption, runBenchmark, usageFailure } from './entry.ts';
import { hotPieces } from './hot-pieces.ts';

const usage = `Usage: npm run bench:hot -- [options]

Times the pieces of the load generator that run once a request, or once a request of the input.

  --ms N    how long each piece is measured (300)
  --json    all figures on standard output
`;

/** A clock read before and after each sample costs as much as some pieces: so many go into one sample. */
const perSample = 500;
const warmupMs = 100;

type Figures = {
  readonly piece: string;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  /** Half the width of the 95 % interval of the mean. */
  readonly marginPercent: number;
  readonly sampleCount: number;
};

await runBenchmark('bench:hot', async (signal) => {
  const { ms, json, help } = parseOptions(process.argv.slice(2));
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const host = lookAtHost();
  const bench = new Bench({ time: ms, warmupTime: warmupMs, throws: true, signal });
  for (const [name, piece] of await hotPieces()) {
    bench.add(name, () => {
      for (let time = 0; time < perSample; time += 1) piece();
    });
  }
  await bench.run();
  signal.throwIfAborted();
  const figures = bench.tasks.map(figuresOf);
  if (json) process.stdout.write(`${JSON.stringify({ host, figures }, undefined, 2)}\n`);
  else process.stdout.write(`${render(figures)}\n${hostLine(host)}\n`);
});

function figuresOf({ name, result }: Task): Figures {
  if (result.state !== 'completed') throw new Error(`${name} is ${result.state}`);
  const { mean, p50, p99, rme, samplesCount } = result.latency;
  const ns = (milliseconds: number): number => (milliseconds * 1e6) / perSample;
  return {
    piece: name,
    meanNs: ns(mean),
    p50Ns: ns(p50),
    p99Ns: ns(p99),
    marginPercent: rme,
    sampleCount: samplesCount,
  };
}

function render(figures: readonly Figures[]): string {
  const width = Math.max(...figures.map(({ piece }) => piece.length));
  const head = `${'piece'.padEnd(width)}  ${'mean ns'.padStart(9)}  ${'p50 ns'.padStart(9)}  ${'p99 ns'.padStart(9)}  margin`;
  const lines = figures.map(({ piece, meanNs, p50Ns, p99Ns, marginPercent }) => {
    const numbers = [meanNs, p50Ns, p99Ns].map((ns) => ns.toFixed(1).padStart(9)).join('  ');
    return `${piece.padEnd(width)}  ${numbers}  ${marginPercent.toFixed(1).padStart(4)} %`;
  });
  return [head, ...lines, `Each sample is ${perSample} in a row; p50 and p99 are of such samples.`].join('\n');
}

function parseOptions(words: readonly string[]): { ms: number; json: boolean; help: boolean } {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        ms: { type: 'string', default: '300' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { ms, ...rest } = values;
    return { ...rest, ms: numberOption('--ms', ms, { min: 10, max: 10_000 }) };
  } catch (error) {
    throw usageFailure(error);
  }
}
