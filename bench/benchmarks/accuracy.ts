import { parseArgs } from 'node:util';
import { exitCodes } from '../failure.ts';
import { checkHeldTimes, checkStall } from './accuracy-checks.ts';
import type { Finding } from './accuracy-finding.ts';
import { checkLindley } from './accuracy-lindley.ts';
import { hostLine, lookAtHost, numberOption, runBenchmark, usageFailure } from './entry.ts';
import { compileNative } from './native-server.ts';

const usage = `Usage: npm run bench:accuracy -- [options]

Compares what the load generator reports with what a server did that holds each answer for a known time.
Exits with 4 where a figure lies beyond its limit, as on a busy host it may.

  --seconds S   how long each run of known times is measured (3), up to five times while the host has other work; those
                with a stall always take about 12 s, those of a queue 20 to 100 s
  --json        all figures on standard output
`;

const transports = ['http', 'grpc'] as const;
const holds = [
  { name: 'held 5 ms', flags: ['--hold-us', '5000'] },
  { name: 'held 1 ms, one in ten 20 ms', flags: ['--hold-us', '1000', '--slow-us', '20000', '--slow-share', '0.1'] },
];

await runBenchmark('bench:accuracy', async (signal) => {
  const { seconds, json, help } = parseOptions(process.argv.slice(2));
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const host = lookAtHost();
  const program = await compileNative('delay-server');
  if ('missing' in program) {
    process.stdout.write(json ? `${JSON.stringify({ skipped: program.missing })}\n` : `skipped: ${program.missing}\n`);
    return;
  }
  const findings: Finding[] = [];
  const tell = (found: readonly Finding[]): void => {
    findings.push(...found);
    if (!json) process.stdout.write(`${[found[0]?.run, ...found.map(lineOf)].join('\n')}\n\n`);
  };
  for (const transport of transports) {
    const run = { program: program.found, transport, seconds, signal };
    for (const hold of holds) {
      for (const pacing of ['closed', 'open'] as const) tell(await checkHeldTimes({ ...run, hold, pacing }));
    }
    tell(await checkStall(run));
    for (const utilisation of [0.5, 0.9]) tell(await checkLindley(run, utilisation));
  }
  if (json) process.stdout.write(`${JSON.stringify({ host, findings }, undefined, 2)}\n`);
  else process.stdout.write(`${hostLine(host)}\n`);
  if (findings.some(({ isWithin }) => isWithin === false)) process.exitCode = exitCodes.measurement;
});

function lineOf({ what, value, limit, isWithin }: Finding): string {
  const verdict = isWithin === null ? '' : isWithin ? 'ok' : 'beyond';
  return `  ${verdict.padEnd(8)}${what.padEnd(40)}${value.padStart(11)}${limit === null ? '' : `   ${limit}`}`;
}

function parseOptions(words: readonly string[]): { seconds: number; json: boolean; help: boolean } {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        seconds: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { seconds, ...rest } = values;
    // The largest number that a request can carry as a float is far beyond what 10 s can take.
    return { ...rest, seconds: numberOption('--seconds', seconds, { min: 0.5, max: 10 }) };
  } catch (error) {
    throw usageFailure(error);
  }
}
