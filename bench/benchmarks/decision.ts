import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { printed } from './decision-power.ts';
import { rivals, tritune } from './decision-procedures.ts';
import { capacityScenarios, mainScenarios, stressScenarios } from './decision-scenarios.ts';
import { add, type Tally } from './decision-tally.ts';
import type { Subject, Work } from './decision-work.ts';

/**
 * How often the procedure is right, by simulation with fixed seeds: false and correct claims, what is deployed, trials;
 * beside it what people do by hand. Then the coverage of its intervals, the power at the resolution that it prints,
 * constraints, and the gate between two commits. `--quick` takes a tenth of the sweeps.
 */
const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const scale = options.quick ? 10 : 1;
const mainSweeps = 10_000 / scale;
const stressSweeps = 4_000 / scale;
const share = 250;

type Line = { readonly subject: Subject; readonly sweeps: number };

await using crew = startCrew(Math.max(1, Math.min(2, availableParallelism())));
const began = performance.now();

const heading = ['procedure', 'scenario', 'sweeps', 'false', 'correct', 'in 1 %', 'in 2 %', 'blocks', 'trials'];
const ownLines = [
  ...mainScenarios.map(
    (scenario): Line => ({ subject: { kind: 'sweep', procedure: tritune, scenario }, sweeps: mainSweeps }),
  ),
  ...stressScenarios.map(
    (scenario): Line => ({ subject: { kind: 'sweep', procedure: tritune, scenario }, sweeps: stressSweeps }),
  ),
];
const rivalLines = rivals.flatMap((procedure) =>
  mainScenarios
    .slice(0, 2)
    .map((scenario): Line => ({ subject: { kind: 'sweep', procedure, scenario }, sweeps: stressSweeps })),
);
const sweepRows: string[][] = [];
const coverageRows: string[][] = [];
for (const { line, tally } of await all([...ownLines, ...rivalLines])) {
  if (line.subject.kind !== 'sweep') continue;
  const { procedure, scenario } = line.subject;
  const shares = ['false', 'correct', 'within1', 'within2'].map((key) => percent(tally, key));
  const means = ['blocks', 'trials'].map((key) => ((tally[key] ?? 0) / line.sweeps).toFixed(1));
  sweepRows.push([procedure, scenario.name, String(line.sweeps), ...shares, ...means]);
  if (procedure === tritune)
    coverageRows.push([
      scenario.name,
      percent(tally, 'simultaneous'),
      percent(tally, 'gainsCovered', 'gains'),
      percent(tally, 'leadersCovered'),
      percent(tally, 'leadersAlone'),
    ]);
}
say('Shares in %; a trial is one variant in one block. Claims: false where any claimed variant is no better.\n');
table([heading, ...sweepRows]);

say('\nCoverage of the gains as printed, which say 90 % on both sides (95 % on each) for all finalists at once:\n');
table([['scenario', 'all at once', 'each', 'the leader', 'alone, 95 %'], ...coverageRows]);

say('\nPower at the printed resolution (meant: 80 %), a single better variant, residual sd 5 %:\n');
const powers = await all(
  [1, 2, 3, 5, 10, 20].map((variantCount) => ({ subject: { kind: 'power', variantCount }, sweeps: stressSweeps })),
);
table([
  ['variants', 'resolution', 'claimed', 'trials'],
  ...powers.map(({ line, tally }) => {
    const variants = line.subject.kind === 'power' ? line.subject.variantCount : 0;
    const trials = ((tally.trials ?? 0) / line.sweeps).toFixed(1);
    return [
      String(variants),
      `${(100 * Math.expm1(printed(variants))).toFixed(2)} %`,
      percent(tally, 'claimed'),
      trials,
    ];
  }),
]);

say('\nA constraint on the p99 that is broken, passed at any look:\n');
const breaches = await all(
  (['edge', 'stalls'] as const).map((breach) => ({ subject: { kind: 'constraint', breach }, sweeps: mainSweeps })),
);
table([
  ['how', 'passed', 'without the rule on slices'],
  ...breaches.map(({ line, tally }) => [
    line.subject.kind === 'constraint' ? line.subject.breach : '',
    percent(tally, 'passed'),
    percent(tally, 'passedBlind'),
  ]),
]);

say('\nThe most throughput within a limit, each variant at its own level:\n');
const capacities = await all(
  capacityScenarios.map((scenario) => ({ subject: { kind: 'capacity', scenario }, sweeps: stressSweeps })),
);
table([
  ['scenario', 'false', 'correct', 'in 2 %', 'blocks'],
  ...capacities.map(({ line, tally }) => [
    line.subject.kind === 'capacity' ? line.subject.scenario.name : '',
    ...['false', 'correct', 'within2'].map((key) => percent(tally, key)),
    ((tally.blocks ?? 0) / line.sweeps).toFixed(1),
  ]),
]);

say('\nTwo commits, four configurations, one of which changes: alarms per build, and the change found:\n');
const gates = await all(
  [0, -0.05, -0.1].map((change) => ({ subject: { kind: 'gate', change: Math.log1p(change) }, sweeps: mainSweeps })),
);
table([
  ['change', 'flagged', 'alarm', 'found', '5 % on two files: alarm', 'found'],
  ...gates.map(({ line, tally }) => [
    line.subject.kind === 'gate' ? `${(100 * Math.expm1(line.subject.change)).toFixed(0)} %` : '',
    ...['flagged', 'alarms', 'found', 'thresholdAlarms', 'thresholdFound'].map((key) => percent(tally, key)),
  ]),
]);
say(`\n${((performance.now() - began) / 1000).toFixed(0)} s`);

async function all(lines: readonly Line[]): Promise<{ line: Line; tally: Tally }[]> {
  return await Promise.all(
    lines.map(async (line) => {
      const works: Work[] = [];
      for (let first = 0; first < line.sweeps; first += share)
        works.push({ subject: line.subject, first, sweeps: Math.min(share, line.sweeps - first) });
      const tallies = await Promise.all(works.map((work) => crew.run(work)));
      return { line, tally: tallies.reduce(add, {}) };
    }),
  );
}

function startCrew(size: number): AsyncDisposable & { run(work: Work): Promise<Tally> } {
  type Job = { work: Work; resolve: (tally: Tally) => void; reject: (error: unknown) => void };
  const queue: Job[] = [];
  const idle: Worker[] = [];
  const next = (worker: Worker): void => {
    const job = queue.shift();
    if (job === undefined) {
      idle.push(worker);
      return;
    }
    const onMessage = (tally: Tally): void => {
      worker.off('error', job.reject);
      job.resolve(tally);
      next(worker);
    };
    worker.once('message', onMessage).once('error', job.reject).postMessage(job.work);
  };
  const workers = Array.from({ length: size }, () => new Worker(new URL('decision-work.ts', import.meta.url)));
  idle.push(...workers);
  return {
    run: (work) =>
      new Promise((resolve, reject) => {
        queue.push({ work, resolve, reject });
        const worker = idle.pop();
        if (worker !== undefined) next(worker);
      }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function percent(tally: Tally, key: string, of = 'sweeps'): string {
  return ((100 * (tally[key] ?? 0)) / (tally[of] ?? Number.NaN)).toFixed(1);
}

function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      /^[\d.-]+( %)?$/.test(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    say(`  ${cells.join('  ').trimEnd()}`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
