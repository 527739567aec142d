import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { gainScale, gainTicks, isOutside, positionOn } from './gain-scale.ts';

const around = (point: number, half = 0.03) => ({ point, lower: point - half, upper: point + half });

test('what may still matter is shown whole, what is clearly worse does not squeeze it', () => {
  const scale = gainScale([around(0.09), around(0.015), around(-0.63)], 0.02);
  assert.ok(!isOutside(scale, 0.12) && !isOutside(scale, -0.02) && !isOutside(scale, -0.015));
  assert.ok(isOutside(scale, -0.63));
  assert.ok(scale.low > -0.25);
});

test('if all are worse they are shown as far as the margin allows', () => {
  const scale = gainScale([around(-0.1), around(-0.5)], 0.02);
  assert.ok(!isOutside(scale, -0.02) && !isOutside(scale, 0.02) && isOutside(scale, -0.5));
});

test('an endless interval runs over the edge', () => {
  const scale = gainScale([{ point: 0.01, lower: -0.99, upper: 40 }], 0.02);
  assert.ok(isOutside(scale, 40) && isOutside(scale, -0.99) && !isOutside(scale, 0.01));
  assert.equal(positionOn(scale, 40), 1);
});

test('ticks are round, inside, and few, for any gains', () => {
  const gain = fc.double({ min: -0.99, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(fc.array(gain, { maxLength: 8 }), fc.double({ min: 0, max: 0.5, noNaN: true }), (points, half) => {
      const scale = gainScale(
        points.map((point) => around(point, half)),
        0.02,
      );
      const ticks = gainTicks(scale);
      assert.ok(scale.low < 0 && scale.high > 0 && Number.isFinite(scale.low) && Number.isFinite(scale.high));
      assert.ok(ticks.length >= 2 && ticks.length <= 5, `${ticks.length} ticks`);
      for (const tick of ticks) assert.ok(!isOutside(scale, tick));
    }),
    { seed: 20261123, numRuns: 1000 },
  );
});
