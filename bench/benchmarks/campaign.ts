import { parseArgs } from 'node:util';
import { campaignCase, thermalCase } from './campaign/cases.ts';
import { outcomeKinds } from './campaign/judge.ts';
import { caseKinds } from './campaign/questions.ts';
import { type Swept, sweepCase } from './campaign/sweep-case.ts';
import { numberOption, runBenchmark, usageFailure } from './entry.ts';

const thermalSweeps = 20;

/**
 * Sweeps of simulated hosts whose best variant is known, from 50 us to 500 ms of service time and from 1 to 256 users: how
 * often the verdict is right, honestly undecided, or wrong. `--sweeps 20`, `--first 0`; `--each` tells of every sweep.
 */
await runBenchmark('campaign', async (signal) => {
  const values = readOptions();
  const count = numberOption('--sweeps', values.sweeps, { min: 1, max: 100_000, whole: true });
  const first = numberOption('--first', values.first, { min: 0, max: 1_000_000, whole: true });
  const beganMs = performance.now();
  const all: Swept[] = [];
  for (let index = first; index < first + count && !signal.aborted; index += 1) {
    const swept = await sweepCase(campaignCase(index));
    all.push(swept);
    if (values.each || swept.outcome.kind === 'wrong' || swept.outcome.kind === 'short') say(lineOf(swept));
  }
  say(tableOf(all));
  let caught = 0;
  for (let index = 0; index < thermalSweeps && !signal.aborted; index += 1) {
    const swept = await sweepCase(thermalCase(index));
    if (swept.outcome.kind === 'right') caught += 1;
    else say(lineOf(swept));
  }
  say(
    `8 % faster while young, slower than the baseline after 5 s of load: withdrawn ${caught} of ${thermalSweeps} times`,
  );
  say(`${((performance.now() - beganMs) / 1000).toFixed(0)} s`);
});

function readOptions() {
  try {
    const options = {
      sweeps: { type: 'string', default: '200' },
      first: { type: 'string', default: '0' },
      each: { type: 'boolean', default: false },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    throw usageFailure(error);
  }
}

function tableOf(all: readonly Swept[]): string {
  const row = (name: string, own: readonly Swept[]): string =>
    [
      name.padEnd(16),
      String(own.length).padStart(8),
      ...outcomeKinds.map((kind) => String(own.filter(({ outcome }) => outcome.kind === kind).length).padStart(10)),
    ].join('');
  const byService = Map.groupBy(all, ({ given }) => Math.floor(Math.log10(given.serviceNs / 50e3)));
  const byUsers = Map.groupBy(all, ({ given }) => Math.floor(Math.log2(given.concurrency) / 2));
  return [
    ['sweeps of'.padEnd(16), 'sweeps'.padStart(8), ...outcomeKinds.map((kind) => kind.padStart(10))].join(''),
    ...caseKinds.map((kind) =>
      row(
        kind,
        all.filter(({ given }) => given.kind === kind),
      ),
    ),
    ...[...byService]
      .toSorted(([a], [b]) => a - b)
      .map(([decade, own]) => row(`from ${told(50e3 * 10 ** decade)}`, own)),
    ...[...byUsers].toSorted(([a], [b]) => a - b).map(([power, own]) => row(`from ${4 ** power} users`, own)),
    row('all', all),
  ].join('\n');
}

function lineOf({ given, results, outcome }: Swept): string {
  const { index, kind, serviceNs, concurrency, budgetMs, noiseLevel } = given;
  const what = `${index} ${kind}, ${told(serviceNs)} x ${concurrency}, noise ${noiseLevel}`;
  if (results === null) return `${outcome.kind}: ${what}: ${outcome.why}`;
  const { verdict, run, after } = results;
  const time = `${(run.durationMs / 60_000).toFixed(1)} of ${budgetMs === null ? 'any' : budgetMs / 60_000} min`;
  const soak = after.soak === null ? '' : `, soak ${after.soak.outcome}`;
  return `${outcome.kind}: ${what}, ${verdict.objective}: ${verdict.kind} ${verdict.reason ?? ''} ${verdict.pick} after ${run.screenBlocks}+${verdict.blocks} blocks, ${time}${soak}: ${outcome.why}`;
}

function told(ns: number): string {
  return ns < 1e6 ? `${(ns / 1e3).toFixed(0)} us` : `${(ns / 1e6).toPrecision(3)} ms`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
