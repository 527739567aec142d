import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JournalLine } from '../run/journal.ts';
import { type SyntheticRun, sliceLine, syntheticRun, writeRun } from '../run/run.fixture.ts';
import { projectFolder, tritune } from './host.fixture.ts';

const validate = new Ajv2020().compile(
  JSON.parse(readFileSync(join(projectFolder, 'schema', 'results.schema.json'), 'utf8')),
);

const oneAhead: SyntheticRun = {
  arms: [
    { id: 'baseline', ratio: 1 },
    { id: 'fast', ratio: 1.2 },
    { id: 'slow', ratio: 0.9 },
  ],
  blocks: 8,
  sd: 0.01,
};

const verdicts: { kind: string; run: SyntheticRun; pick: string; file: string | null; code?: number; first: RegExp }[] =
  [
    { kind: 'WINNER', run: oneAhead, pick: 'fast', file: 'winner.config.pbtxt', first: /^Winner: synthetic: m/ },
    {
      kind: 'WINNER',
      run: { ...oneAhead, transferable: false },
      pick: 'fast',
      file: 'rehearsal.config.pbtxt',
      first: /^Rehearsal: one variant ahead: synthetic: m/,
    },
    {
      kind: 'TIED_SET',
      // Equal and both ahead; the dearer one comes first and by chance measures no worse.
      run: {
        ...oneAhead,
        arms: [
          { id: 'baseline', ratio: 1 },
          { id: 'dear', ratio: 1.2, instances: 4 },
          { id: 'cheap', ratio: 1.2, instances: 2 },
        ],
        sd: 0.005,
      },
      pick: 'cheap',
      file: 'winner.config.pbtxt',
      first: /^Tied set: synthetic: m/,
    },
    {
      kind: 'BETTER_TIED_AT_RESOLUTION',
      run: {
        ...oneAhead,
        arms: [
          { id: 'baseline', ratio: 1 },
          { id: 'one', ratio: 1.5 },
          { id: 'two', ratio: 1.5 },
        ],
        sd: 0.08,
        seed: 2,
      },
      pick: 'one',
      file: 'winner.config.pbtxt',
      first: /^Better, tied at this resolution: synthetic: m/,
    },
    {
      kind: 'NO_IMPROVEMENT',
      run: {
        ...oneAhead,
        arms: [
          { id: 'baseline', ratio: 1 },
          { id: 'slow', ratio: 0.9 },
        ],
        sd: 0.005,
      },
      pick: 'baseline',
      file: null,
      first: /^No improvement: synthetic: m/,
    },
    {
      kind: 'INCONCLUSIVE',
      run: {
        ...oneAhead,
        arms: [
          { id: 'baseline', ratio: 1 },
          { id: 'same', ratio: 1 },
        ],
        sd: 0.1,
      },
      pick: 'baseline',
      file: null,
      first: /^Inconclusive: synthetic: m/,
    },
  ];

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'tritune-report-')), 'run');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

describe('tritune report', () => {
  for (const { kind, run, pick, file, first } of verdicts) {
    it(`reaches ${kind}${run.transferable === false ? ' of a rehearsal' : ''} with exit code 0`, async () => {
      const { record, lines } = syntheticRun(run);
      writeRun(folder, record, lines);
      const { code, stdout, stderr } = await tritune(['report', folder]);
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, first);
      assert.match(stdout, /\nreport: .*index\.html\n$/);
      const results = readResults();
      assert.equal(results.verdict.kind, kind);
      assert.equal(results.verdict.pick, pick);
      assert.equal(results.run.complete, true);
      const configs = readdirSync(folder).filter((name) => name.endsWith('.config.pbtxt'));
      assert.deepEqual(configs, file === null ? [] : [file]);
      if (file !== null) assert.equal(readFileSync(join(folder, file), 'utf8'), `# ${pick}\nname: "m"\n`);
    });
  }

  it('reaches INVALID with exit code 4 where the baseline is unstable', async () => {
    const { record, lines } = syntheticRun(oneAhead);
    const reason = '100 requests failed: reset';
    writeRun(folder, record, [...lines, { kind: 'unstable', block: 8, attempt: 1, variantId: 'baseline', reason }]);
    const { code, stdout } = await tritune(['report', folder]);
    assert.equal(code, 4);
    assert.match(stdout, /^Invalid: synthetic: m\n\nNo verdict: .*unstable.*100 requests failed: reset/s);
    assert.equal(readResults().verdict.pick, 'baseline');
  });

  it('prints results.json and nothing else with --json, the file included', async () => {
    const { record, lines } = syntheticRun(oneAhead);
    writeRun(folder, record, lines);
    const { code, stdout, stderr } = await tritune(['report', folder, '--json']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, readFileSync(join(folder, 'results.json'), 'utf8'));
  });

  it('makes the same bytes of every file from the same run, wherever it lies and whatever lay there before', async () => {
    const { record, lines } = syntheticRun(oneAhead);
    writeRun(folder, record, lines);
    await tritune(['report', folder]);
    const copy = join(folder, '..', 'copy');
    cpSync(folder, copy, { recursive: true });
    writeFileSync(join(copy, 'rehearsal.config.pbtxt'), 'of an earlier verdict');
    writeFileSync(join(copy, 'index.html'), 'torn');
    await tritune(['report', copy]);
    assert.deepEqual(allFiles(copy), allFiles(folder));
    assert.deepEqual(
      [...allFiles(copy).keys()],
      [
        'histograms/baseline.hgrm',
        'histograms/fast.hgrm',
        'histograms/slow.hgrm',
        'index.html',
        'journal.jsonl',
        'results.csv',
        'results.json',
        'run.json',
        'summary.md',
        'winner.config.pbtxt',
      ],
    );
  });
});

describe('the numbers in results.json', () => {
  it('are those of a naive computation: geometric means over blocks, and a Student interval of paired differences', async () => {
    const { record, lines, slices } = syntheticRun(oneAhead);
    writeRun(folder, record, lines);
    await tritune(['report', folder]);
    const { variants, blocks, verdict } = readResults();
    const logOf = (id: string): number[] =>
      Array.from({ length: 8 }, (_, index) => {
        const of = slices.filter(({ line: { slice } }) => slice.block === index + 1 && slice.variantId === id);
        return mean(of.map(({ line }) => Math.log(rateOf(line))));
      });
    // t(1 - 0.05 / 2; 7): one look, two variants; and t(0.975; 7) again for a variant's own 95 % interval.
    const t = 2.3646242515927844;
    for (const { id } of oneAhead.arms) {
      const row = variants.find((variant) => variant.id === id);
      assert(row !== undefined);
      const own = logOf(id);
      const error = (t * deviation(own)) / Math.sqrt(8);
      near(row.throughput.point, Math.exp(mean(own)));
      near(row.throughput.lower, Math.exp(mean(own) - error));
      near(row.throughput.upper, Math.exp(mean(own) + error));
      assert.equal(row.throughput.confidence, 0.95);
      own.forEach((y, index) => {
        near(blocks[index]?.values[id]?.throughput, Math.exp(y));
      });
      if (id === 'baseline') {
        assert.equal(row.comparison, null);
        continue;
      }
      const differences = own.map((y, index) => y - (logOf('baseline')[index] ?? Number.NaN));
      const half = (t * deviation(differences)) / Math.sqrt(8);
      const { gain } = row.comparison ?? assert.fail('no comparison');
      near(gain.point, Math.exp(mean(differences)) - 1);
      near(gain.lower, Math.exp(mean(differences) - half) - 1);
      near(gain.upper, Math.exp(mean(differences) + half) - 1);
      near(gain.confidence, 0.9);
      if (id === 'fast') near(verdict.largestPossibleGain, Math.exp(mean(differences) + half) - 1);
    }
  });

  it('have percentiles of the merged latencies of a block, not means of percentiles of its slices', async () => {
    const run = { ...oneAhead, requestCount: 400 };
    const { record, lines, slices } = syntheticRun(run);
    writeRun(folder, record, lines);
    await tritune(['report', folder]);
    const { variants, blocks } = readResults();
    for (const { id } of run.arms) {
      const own = slices.filter(({ line }) => line.slice.variantId === id);
      const perBlock = Array.from({ length: 8 }, (_, index) =>
        own.filter(({ line }) => line.slice.block === index + 1).flatMap(({ latenciesNs }) => latenciesNs),
      );
      perBlock.forEach((latenciesNs, index) => {
        const values = blocks[index]?.values[id];
        // Three digits of a histogram: 1 part in 1 000 at the worst.
        near(values?.p99Ns, percentile(latenciesNs, 99), 1e-3);
        near(values?.p50Ns, percentile(latenciesNs, 50), 1e-3);
      });
      const row = variants.find((variant) => variant.id === id);
      assert(row !== undefined);
      const { latencyNs } = row;
      near(latencyNs.p99.point, Math.exp(mean(perBlock.map((all) => Math.log(percentile(all, 99))))), 1e-3);
      const all = perBlock.flat();
      near(latencyNs.pooledP99, percentile(all, 99), 1e-3);
      near(latencyNs.p90, percentile(all, 90), 1e-3);
      near(latencyNs.p999, percentile(all, 99.9), 1e-3);
      assert.equal(latencyNs.max, Math.round(Math.max(...all)));
      assert.equal(latencyNs.min, Math.round(Math.min(...all)));
      assert.equal(latencyNs.requestsPerBlock, 800);
      assert.equal(row.requestCount, 6_400);
    }
  });

  it('turn the sign for a latency: a gain is baseline / variant - 1', async () => {
    const { record, lines, slices } = syntheticRun({
      ...oneAhead,
      plan: { objective: { kind: 'single', direction: 'minimize', metric: 'latency.mean' } },
    });
    writeRun(folder, record, lines);
    await tritune(['report', folder]);
    const { variants, verdict } = readResults();
    const logMean = (id: string): number =>
      mean(
        slices.filter(({ line }) => line.slice.variantId === id).map(({ latenciesNs }) => Math.log(mean(latenciesNs))),
      );
    const gain = variants.find(({ id }) => id === 'fast')?.comparison?.gain.point;
    near(gain, Math.exp(logMean('baseline') - logMean('fast')) - 1);
    assert.equal(verdict.pick, 'fast');
  });

  it('never hold anything of an interrupted block, nor of a superseded attempt', async () => {
    const { record, lines } = syntheticRun(oneAhead);
    writeRun(folder, record, lines);
    await tritune(['report', folder]);
    const whole = readResults();
    const wild = (block: number, order: number, attempt: number): JournalLine =>
      sliceLine({
        block,
        order,
        attempt,
        variantId: 'fast',
        at: '2026-01-01T01:00:00.000Z',
        rate: 1,
        latenciesNs: [9e9],
      });
    const at = '2026-01-01T01:00:01.000Z';
    // That the budget cut blocks must not make a run look complete.
    const design = { ...record.design, blocks: 9, reducedBy: 'budget' };
    const earlier = { kind: 'block', block: 1, attempt: 1, status: 'superseded', at } as const;
    const again = lines.map((line) => secondAttemptOfBlock1(line));
    writeRun(folder, { ...record, design }, [
      wild(1, 0, 1),
      earlier,
      ...again.slice(0, -1),
      wild(9, 0, 1),
      wild(9, 1, 1),
    ]);
    const { code, stdout } = await tritune(['report', folder]);
    assert.equal(code, 0);
    const partial = readResults();
    assert.equal(whole.run.complete, true);
    assert.equal(partial.run.complete, false);
    assert.match(stdout, /interrupted after 8 of 9\s+blocks/);
    assert.deepEqual(partial.variants.map(withoutComparison), whole.variants.map(withoutComparison));
    assert.deepEqual(
      partial.blocks.map(({ values }) => values),
      whole.blocks.map(({ values }) => values),
    );
    assert.equal(partial.run.sliceCount, whole.run.sliceCount + 3);
  });
});

describe('tritune report of a folder that is no run', () => {
  const { record, lines } = syntheticRun(oneAhead);
  const broken: [what: string, record: unknown, lines: readonly unknown[], message: RegExp][] = [
    ['an empty record', {}, [], /run\.json is not of a version that this tritune reads/],
    ['null', null, [], /run\.json is not of a version/],
    ['a later version', { ...record, schemaVersion: 2 }, lines, /is not of a version/],
    ['a version and nothing else', { schemaVersion: 1 }, [], /run\.json is damaged: tool: /],
    [
      'a path for a name',
      { ...record, plan: { ...record.plan, variants: [{ id: '../x', settings: {} }] } },
      lines,
      /is damaged: plan\.variants\.0\.id/,
    ],
    ['a journal that is none', record, ['x'], /journal\.jsonl:1 is no journal line/],
    [
      'a complete block that lacks slices',
      record,
      lines.filter((line) => line.kind !== 'slice' || line.slice.block !== 3 || line.slice.variantId !== 'slow'),
      /the journal does not hold 2 valid slices of slow in block 3/,
    ],
    [
      'a slice that stands in a complete block twice',
      record,
      lines.flatMap((line) =>
        line.kind === 'slice' && line.slice.block === 3 && line.slice.order === 0 ? [line, line] : [line],
      ),
      /the journal (holds a slice twice|does not hold 2 valid slices of \w+) in block 3/,
    ],
    ['a damaged histogram', record, lines.map(damage), /the journal holds a damaged histogram in block 1/],
  ];
  for (const [what, brokenRecord, brokenLines, message] of broken) {
    it(`ends with 6 and one message: ${what}`, async () => {
      writeRun(folder, brokenRecord, brokenLines);
      const before = readdirSync(join(folder, '..'), { recursive: true }).sort();
      const { code, stdout, stderr } = await tritune(['report', folder]);
      assert.deepEqual([code, stdout], [6, '']);
      assert.match(stderr, message);
      assert.match(stderr, /^tritune: [^\n]+\n( {2}[^\n]+\n)+$/);
      assert.deepEqual(readdirSync(join(folder, '..'), { recursive: true }).sort(), before);
    });
  }

  it('ends with 6 where there is nothing, a file, or an empty folder', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), '');
    for (const name of ['', 'none', 'file']) {
      const { code, stdout, stderr } = await tritune(['report', join(folder, name)]);
      assert.deepEqual([code, stdout], [6, '']);
      assert.match(stderr, /^tritune: \S+ holds no readable run: [^\n]+\n {2}name a run folder such as [^\n]+\n$/);
    }
  });
});

type AnyResults = ReturnType<typeof readResults>;

function readResults() {
  const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
  assert.equal(validate(results), true, JSON.stringify(validate.errors));
  return results as import('../report/results.ts').Results;
}

function allFiles(path: string): Map<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return new Map(files.map((file) => [file.slice(path.length + 1), readFileSync(file, 'utf8')]));
}

function rateOf(line: JournalLine): number {
  assert(line.kind === 'slice' && line.status === 'measured');
  return line.measurement.inferencesPerSecond;
}

function secondAttemptOfBlock1(line: JournalLine): JournalLine {
  if (line.kind === 'slice' && line.slice.block === 1) return { ...line, slice: { ...line.slice, attempt: 2 } };
  return line.kind === 'block' && line.block === 1 ? { ...line, attempt: 2 } : line;
}

/** The look that a verdict is planned for is another with another number of blocks. */
function withoutComparison({ comparison: _, ...rest }: AnyResults['variants'][number]): unknown {
  return rest;
}

function damage(line: JournalLine, index: number): unknown {
  if (index > 0 || line.kind !== 'slice' || line.status !== 'measured') return line;
  const latency = { ...line.measurement.latency, histogram: 'HISTFAAAAA' };
  return { ...line, measurement: { ...line.measurement, latency } };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
}

function near(actual: number | null | undefined, expected: number, relative = 1e-9): void {
  assert(typeof actual === 'number');
  assert(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not ${expected}`);
}
