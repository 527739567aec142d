import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostClock } from './clock.ts';
import { type PilotPlan, runPilot } from './pilot.ts';
import { sliceLine } from './run.fixture.ts';
import type { Measurement } from './slice.ts';

/** A slice whose ln(throughput) is `y`. */
function sliceOf(y: number, invalid: readonly string[] = []): Measurement {
  const place = { block: 1, order: 0, variantId: 'b', at: '2026-01-01T00:00:00.000Z' };
  const line = sliceLine({ ...place, rate: Math.exp(y), latenciesNs: [1e6, 1e6], invalid });
  if (line.status !== 'measured') throw new Error('a slice line is measured');
  return line.measurement;
}

const timeline = { binNs: 50e6, counts: [], latencySumsNs: [] };

/** Writes down what it is asked for; `now` stands still, so that all of `leftMs` is left at any time. */
function piloting(leftMs: number, given: Partial<PilotPlan> = {}): { plan: PilotPlan; calls: string[] } {
  const calls: string[] = [];
  const plan: PilotPlan = {
    variantIds: ['b', 'baseline'],
    measure: async (id, warmupMs) => {
      calls.push(`${id} after ${warmupMs}`);
      return sliceOf(0);
    },
    watch: async (id) => {
      calls.push(`watch ${id}`);
      return timeline;
    },
    warmupOf: (watched) => ({ ms: 100 + watched.length, why: 'unseen', settledMs: {} }),
    fresh: async () => {
      calls.push('fresh');
    },
    objectiveOf: ({ requestsPerSecond }) => Math.log(requestsPerSecond),
    clock: { ...hostClock, nowMs: () => 0 },
    untilMs: leftMs,
    expected: { passMs: 1e6, watchMs: 4e6, freshMs: 2e6 },
    ...given,
  };
  return { plan, calls };
}

describe('a pilot', () => {
  const turns = (warmupMs: number): string[] =>
    ['b', 'baseline', 'baseline', 'b'].map((id) => `${id} after ${warmupMs}`);

  it('watches both variants, then measures them in turns, on two processes and a third, which has the further ones', async () => {
    const { plan, calls } = piloting(1e9);
    const found = await runPilot(plan);
    const watch = ['watch b', 'watch baseline'];
    const last = Array.from({ length: 4 }, () => turns(104)).flat();
    assert.deepEqual(calls, [...watch, ...turns(102), 'fresh', ...watch, ...turns(104), 'fresh', ...last]);
    const { elapsedMs, ...pilot } = found?.pilot ?? { elapsedMs: 0 };
    assert.deepEqual(pilot, {
      sliceSd: 0,
      blockSd: 0,
      samplingRatio: 0,
      sliceCount: 24,
      processCount: 3,
      warmup: { ms: 104, why: 'unseen', settledMs: {} },
    });
  });

  it('makes the least passes where there is no time, and leaves out what there is none for', async () => {
    const without = piloting(-1);
    await runPilot(without.plan);
    assert.deepEqual(without.calls, turns(100));
    // A watch and two passes take 6e6, a new process with two passes 4e6, one more pass 1e6.
    const watching = piloting(5e6);
    await runPilot(watching.plan);
    assert.deepEqual(watching.calls.slice(0, 9), [...turns(100), 'fresh', ...turns(100)]);
    const further = piloting(3e6);
    await runPilot(further.plan);
    assert.deepEqual(further.calls, Array.from({ length: 6 }, () => turns(100)).flat());
  });

  it('stays with one process where every slice has its own', async () => {
    const { plan, calls } = piloting(1e9, { fresh: null });
    const found = await runPilot(plan);
    assert.deepEqual(calls, ['watch b', 'watch baseline', ...Array.from({ length: 6 }, () => turns(102)).flat()]);
    assert.equal(found?.pilot.processCount, 1);
  });

  it('tells what varies inside a process from what varies between them', async () => {
    // By process, then in the order of measuring: b, baseline, baseline, b.
    const values = [8, 7, 7.2, 8.2, 8.3, 7, 7.2, 8.5, 8.1, 7, 7.2, 8.3];
    let at = 0;
    const measure = async (): Promise<Measurement | null> => {
      const y = values[at++];
      return y === undefined ? null : sliceOf(y);
    };
    const { plan } = piloting(1e9, { measure });
    const found = await runPilot(plan);
    const [inside, between] = found?.evidence ?? [];
    // Each pair of slices differs by 0.2; b is ahead by 1, 1.3 and 1.1, and half of that variance is of one variant.
    assertNear([inside?.squares, inside?.freedom], [6 * 0.02, 6]);
    const variance = ((1 - 3.4 / 3) ** 2 + (1.3 - 3.4 / 3) ** 2 + (1.1 - 3.4 / 3) ** 2) / 2 / 2;
    assertNear([between?.squares, between?.freedom, between?.slice], [2 * variance, 2, 0.5]);
    assertNear([found?.pilot.sliceSd], [Math.sqrt(0.02)]);
  });

  it('leaves slices out that are invalid or failed, and is none without two of a variant in one process', async () => {
    const invalid = piloting(-1, { measure: async () => sliceOf(7, ['only 90 % of the requests']) });
    assert.equal(await runPilot(invalid.plan), null);
    let count = 0;
    const failing = piloting(-1, { measure: async () => (count++ < 2 ? sliceOf(7) : null) });
    assert.equal(await runPilot(failing.plan), null);
  });

  it('goes on where watching fails', async () => {
    const { plan } = piloting(1e9, { watch: async () => null });
    assert.equal((await runPilot(plan))?.pilot.warmup.ms, 100);
  });
});

function assertNear(values: readonly (number | undefined)[], expected: readonly number[]): void {
  assert.equal(values.length, expected.length);
  for (const [index, value] of values.entries()) {
    assert(Math.abs((value ?? Number.NaN) - (expected[index] ?? 0)) < 1e-9, `${value} is not ${expected[index]}`);
  }
}
