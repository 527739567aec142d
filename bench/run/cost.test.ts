import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { GpuReading } from '../engines/usage/nvidia-smi.ts';
import type { Plan } from '../plan/plan.ts';
import { resultsSchema } from '../report/results.ts';
import type { JournalLine } from './journal.ts';
import { readJournal } from './journal.ts';
import { readRunRecord } from './record.ts';
import { syntheticRun, writeRun } from './run.fixture.ts';
import { noUsage, type ServerUsage } from './server-usage.ts';
import { summarise } from './summarise.ts';

const arms = [
  { id: 'baseline', ratio: 1 },
  { id: 'frugal', ratio: 1 },
  { id: 'greedy', ratio: 1 },
];
/** CPU seconds per 1 000 inferences. */
const costs: Readonly<Record<string, number>> = { baseline: 0.2, frugal: 0.1, greedy: 0.3 };
const minimizeCost: Plan['objective'] = { kind: 'single', direction: 'minimize', metric: 'cost' };

type Slice = JournalLine & { kind: 'slice'; status: 'measured' };

/** A run whose slices have a usage. */
function runOf(plan: Partial<Plan>, usageOf: (slice: Slice['slice'], index: number) => ServerUsage | undefined) {
  const { record, lines } = syntheticRun({ arms, blocks: 8, slicesPerBlock: 2, sd: 0.01, plan });
  const withUsage = lines.map((line, index) => {
    if (line.kind !== 'slice' || line.status !== 'measured') return line;
    const usage = usageOf(line.slice, index);
    return usage === undefined ? line : { ...line, measurement: { ...line.measurement, usage } };
  });
  return { record, lines: withUsage };
}

function used(secondsPer1000: number, inferenceCount = 1_000): ServerUsage {
  return { ...noUsage, cpu: { ns: secondsPer1000 * inferenceCount * 1e6, inferenceCount, source: 'threads' } };
}

const plain = ({ variantId }: Slice['slice']): ServerUsage => used(costs[variantId] ?? Number.NaN);

function found({ record, lines }: ReturnType<typeof runOf>) {
  const results = resultsSchema.parse(JSON.parse(JSON.stringify(summarise(record, lines))));
  const of = (id: string) => {
    const variant = results.variants.find((each) => each.id === id);
    return variant ?? assert.fail(id);
  };
  return { results, of };
}

const near = (value: number | null | undefined, expected: number): void =>
  assert(Math.abs((value ?? Number.NaN) / expected - 1) < 1e-9, `${value} against ${expected}`);

describe('what a variant costs', () => {
  it('is the geometric mean over blocks, each of all its inferences together', () => {
    // In every second block twice as much; of the two slices of a block one has a tenth of the inferences, at ten times the cost.
    const seen = new Map<string, number>();
    const { results, of } = found(
      runOf({}, ({ variantId, block }) => {
        const key = `${variantId} ${block}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
        const cost = (costs[variantId] ?? 0) * (block % 2 === 0 ? 2 : 1);
        return seen.get(key) === 1 ? used(cost, 10_000) : used(10 * cost, 1_000);
      }),
    );
    for (const [id, cost] of Object.entries(costs)) {
      near(of(id).cpuSecondsPer1000.point, cost * (20 / 11) * Math.SQRT2);
      near(results.blocks[0]?.values[id]?.cpuSecondsPer1000, cost * (20 / 11));
      near(results.blocks[1]?.values[id]?.cpuSecondsPer1000, cost * (40 / 11));
    }
    const { lower, upper, confidence } = of('frugal').cpuSecondsPer1000;
    assert((lower ?? 1) < 0.25 && (upper ?? 0) > 0.27 && confidence === 0.95);
  });

  it('may be what a plan minimizes, whatever the throughput', () => {
    const { results, of } = found(runOf({ objective: minimizeCost }, plain));
    assert.deepEqual([results.verdict.objective, results.verdict.kind], ['minimize cost', 'WINNER']);
    assert.equal(results.verdict.pick, 'frugal');
    near(of('frugal').comparison?.gain.point, 1);
    near(results.blocks[0]?.values.frugal?.score, -Math.log(0.1));
  });

  it('may be limited', () => {
    const limits = (atMostCpuSeconds: number) => ({ constraints: [{ metric: 'cost', atMostCpuSeconds }] as const });
    const { of } = found(
      runOf(limits(0.25), (slice, index) => used((costs[slice.variantId] ?? 0) * (1 + (index % 3) / 1e3))),
    );
    const seen = ['baseline', 'frugal', 'greedy'].map((id) => of(id).constraints[0]);
    assert.deepEqual(
      seen.map((constraint) => [constraint?.metric, constraint?.atMostCpuSeconds, constraint?.outcome]),
      [
        ['cost', 0.25, 'holds'],
        ['cost', 0.25, 'holds'],
        ['cost', 0.25, 'fails'],
      ],
    );
    assert.deepEqual([seen[0]?.atMostNs, seen[0]?.atLeast], [null, null]);
    assert(Math.abs((seen[2]?.value ?? 0) - 0.3) < 0.001);
  });

  it('is not known of slices of older journals, nor where one slice was not seen, and no limit is decided on that', () => {
    const plan: Partial<Plan> = { constraints: [{ metric: 'cost', atMostCpuSeconds: 1 }] };
    const nothing = { point: null, lower: null, upper: null, confidence: 0.95 };
    const { of: old } = found(runOf(plan, () => undefined));
    assert.deepEqual([old('frugal').cpuSecondsPer1000, old('frugal').resources], [nothing, null]);
    assert.equal(old('frugal').constraints[0]?.outcome, 'undecided');
    const { of, results } = found(runOf(plan, (slice, index) => (index === 3 ? noUsage : plain(slice))));
    const blind = results.blocks[0]?.order[3] ?? '';
    assert.deepEqual([of(blind).cpuSecondsPer1000, of(blind).constraints[0]?.outcome], [nothing, 'undecided']);
    for (const id of Object.keys(costs).filter((each) => each !== blind))
      near(of(id).cpuSecondsPer1000.point, costs[id] ?? 0);
  });

  it('is the same again from the files of a run', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tritune-cost-'));
    try {
      const { record, lines } = runOf(
        { objective: minimizeCost, constraints: [{ metric: 'cost', atMostCpuSeconds: 1 }] },
        plain,
      );
      writeRun(folder, record, lines);
      assert.deepEqual(summarise(readRunRecord(folder), readJournal(folder)), summarise(record, lines));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('what a server took', () => {
  const gpu = (of: Partial<GpuReading>): GpuReading => ({
    ...{
      index: 0,
      uuid: 'GPU-1',
      name: 'H100',
      smClockMhz: 1_000,
      memoryClockMhz: null,
      powerW: 100,
      temperatureC: 40,
    },
    ...{ utilisationRatio: null, memoryUsedBytes: 1, throttledBy: [] },
    ...of,
  });
  const page = {
    ...{ hostCpuRatio: 0.5, hostMemoryUsedBytes: 7, hostMemoryBytes: 9, pendingRequestCount: 2, cacheHitCount: 3 },
    ...{ cacheMissCount: null, failures: [{ reason: 'OTHER', count: 1 }] },
    gpus: [{ uuid: 'GPU-1', utilisationRatio: 0.9, powerW: 5, memoryUsedBytes: 1_000, memoryBytes: 2_000 }],
  };

  it('is added up, or the mean, or the most of its slices', () => {
    const usage = (index: number): ServerUsage => ({
      cpu: { ns: 150e6, inferenceCount: 1_000, source: 'cgroup' },
      residentBytes: 1_000 + index,
      metrics: index % 2 === 0 ? page : { unknown: 'status 500' },
      gpus: { before: [gpu({})], after: [gpu({ powerW: 300, memoryUsedBytes: 5, throttledBy: ['power cap'] })] },
    });
    const { of, results } = found(runOf({ allowResponseCache: true }, (_, index) => usage(index)));
    const { failures, cacheHitCount, residentBytes, ...rest } = of('baseline').resources ?? assert.fail();
    assert.deepEqual(rest, {
      ...{ cpuSource: 'cgroup', cpuCores: 0.5, hostCpuRatio: 0.5, hostMemoryUsedBytes: 7, pendingRequestCount: 2 },
      cacheMissCount: null,
      gpus: [
        {
          ...{ uuid: 'GPU-1', name: 'H100', utilisationRatio: null, powerW: 200, temperatureC: 40 },
          ...{ smClockMhz: 1_000, memoryClockMhz: null, memoryUsedBytes: 1_000, throttledBy: ['power cap'] },
        },
      ],
    });
    const answered = (failures ?? [])[0]?.count ?? 0;
    assert(answered > 0 && cacheHitCount === 3 * answered && (residentBytes ?? 0) >= 1_000);
    const kinds = results.diagnostics.map(({ kind }) => kind);
    assert(
      ['metrics', 'response cache', 'GPU throttling'].every((kind) => kinds.includes(kind)),
      kinds.join(),
    );
    const metrics = results.diagnostics.filter(({ kind }) => kind === 'metrics');
    assert.match(metrics.map(({ message }) => message).join('|'), /^[^|]*unknown: \d+ of 48 slices, status 500$/);
  });

  it('is said to be unknown of a page that should be there, and not of one that nobody named', () => {
    const { results, of } = found(runOf({}, plain));
    assert.deepEqual(
      results.diagnostics.filter(({ kind }) => kind === 'metrics'),
      [],
    );
    assert.deepEqual(of('baseline').resources?.failures, null);
  });
});
