import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { constantRate, poisson, ramp, type Schedule, split } from './schedule.ts';

const second = 1e9;

/** The times of a schedule before `endNs`. */
function until(schedule: Schedule, endNs: number): number[] {
  const times: number[] = [];
  for (const atNs of schedule) {
    if (atNs >= endNs) break;
    times.push(atNs);
  }
  return times;
}

function gapsOf(times: readonly number[]): number[] {
  return times.map((atNs, index) => atNs - (times[index - 1] ?? 0));
}

describe('a constant rate', () => {
  it('has one request every so many ns, the first at 0', () => {
    assert.deepEqual(until(constantRate(4), second), [0, 250e6, 500e6, 750e6]);
    assert.deepEqual(until(constantRate(0.5), 5 * second), [0, 2 * second, 4 * second]);
  });

  it('does not drift: the last request of a day is where it should be', () => {
    const times = until(constantRate(3), 86_400 * second);
    assert.equal(times.length, 3 * 86_400);
    assert.equal(times.at(-1), ((3 * 86_400 - 1) * second) / 3);
  });
});

describe('a Poisson schedule', () => {
  /** 99.9 % of chi-square with 49 degrees of freedom. */
  const critical = 85.351;
  it('of 500 per second over 60 s has exponential gaps and its rate, for 20 seeds', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const times = until(poisson(500, seed), 60 * second);
      assert(Math.abs(times.length / 30_000 - 1) <= 0.0175, `seed ${seed}: ${times.length} requests`);
      const bins = Array<number>(50).fill(0);
      for (const gapNs of gapsOf(times)) {
        const bin = Math.floor(50 * (1 - Math.exp((-gapNs * 500) / second)));
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
      const expected = times.length / 50;
      const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      assert(chiSquare < critical, `seed ${seed}: ${chiSquare}`);
    }
  });

  it('has gaps that do not depend on one another', () => {
    const gaps = gapsOf(until(poisson(500, 1), 60 * second)).map((gapNs) => gapNs / 2e6 - 1);
    const lagged = gaps.slice(1).reduce((sum, gap, index) => sum + gap * (gaps[index] ?? 0), 0) / gaps.length;
    assert(Math.abs(lagged) < 3.3 / Math.sqrt(gaps.length), `${lagged}`);
  });

  it('is the same for a seed, each time, and another for another', () => {
    const schedule = poisson(100, 7);
    assert.deepEqual(until(schedule, second), until(schedule, second));
    assert.notDeepEqual(until(schedule, second), until(poisson(100, 8), second));
  });
});

describe('a ramp', () => {
  it('sends as many requests as the area under it, at the times that it reaches each', () => {
    const times = until(ramp(0, 200, 10 * second), 60 * second);
    assert.equal(times.length, 1_000);
    // 10 t^2 = i
    times.forEach((atNs, index) => {
      assert(Math.abs(atNs - Math.sqrt(index / 10) * second) < 1, `${index}: ${atNs}`);
    });
  });

  it('goes down as well, and stays level', () => {
    const down = until(ramp(200, 0, 10 * second), 60 * second);
    const up = until(ramp(0, 200, 10 * second), 60 * second);
    assert.equal(down.length, 1_000);
    assert(Math.abs((down.at(-1) ?? 0) - (10 * second - (up[1] ?? 0))) < 1e3);
    until(ramp(50, 50, 2 * second), 60 * second).forEach((atNs, index) => {
      assert(Math.abs(atNs - index * 20e6) < 1);
    });
  });

  it('keeps its rate at each time', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 20 }), (from, to, s) => {
        const times = until(ramp(from, to, s * second), 1_000 * second);
        assert(Math.abs(times.length - ((from + to) / 2) * s) <= 1);
        times.forEach((atNs, index) => {
          const t = atNs / second;
          assert(Math.abs(from * t + ((to - from) / s) * (t ** 2 / 2) - index) < 1e-3);
        });
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

describe('the parts of a schedule', () => {
  it('are the schedule, each request in one of them', () => {
    const whole = until(poisson(1_000, 3), second);
    for (const count of [1, 2, 3, 7]) {
      const parts = Array.from({ length: count }, (_, index) => until(split(poisson(1_000, 3), index, count), second));
      assert.deepEqual(
        parts.flat().sort((a, b) => a - b),
        whole,
      );
      assert(parts.every((part) => Math.abs(part.length - whole.length / count) < 1));
    }
  });

  it('end where it ends', () => {
    assert.deepEqual([...split([1, 2, 3], 1, 2)], [2]);
    assert.deepEqual([...split([1], 1, 2)], []);
  });
});

describe('a schedule that cannot be', () => {
  it('is refused', () => {
    for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => constantRate(rate), RangeError);
      assert.throws(() => poisson(rate, 1), RangeError);
      assert.throws(() => ramp(1, 2, rate), RangeError);
    }
    assert.throws(() => ramp(0, 0, second), RangeError);
    assert.throws(() => ramp(-1, 1, second), RangeError);
    for (const [index, count] of [
      [2, 2],
      [-1, 2],
      [0, 0],
      [0.5, 2],
    ] as const) {
      assert.throws(() => split([1], index, count), RangeError);
    }
  });
});
