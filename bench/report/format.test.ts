import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { change, count, duration, interval, latency, minutes, noValue, plainNumber, rate, share } from './format.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ').replaceAll('\u2212', '-');

test('a rate keeps all digits from 100 on and three below', () => {
  assert.deepEqual([12_589.4, 1_234_567, 100, 99.96, 12.34, 0.0123, 0].map(rate).map(plain), [
    '12 589/s',
    '1 234 567/s',
    '100/s',
    '100/s',
    '12.3/s',
    '0.0123/s',
    '0/s',
  ]);
});

test('a latency has three digits in the unit that suits it', () => {
  assert.deepEqual([0, 1, 999.4, 999.6, 250_000, 999_600, 1_250_000, 30_600_000, 1.2e9, 60e9].map(latency).map(plain), [
    '0 ns',
    '1.00 ns',
    '999 ns',
    '1.00 µs',
    '250 µs',
    '1.00 ms',
    '1.25 ms',
    '30.6 ms',
    '1.20 s',
    '60.0 s',
  ]);
});

test('a change always has its sign, but zero has none', () => {
  assert.deepEqual([0.045, -0.022, 0, 0.0004, -0.0004, 0.99949, 0.9996, 12.3456, -1].map(change).map(plain), [
    '+4.5 %',
    '-2.2 %',
    '0.0 %',
    '0.0 %',
    '0.0 %',
    '+99.9 %',
    '+100 %',
    '+1 235 %',
    '-100 %',
  ]);
});

test('a share has no sign and no needless zeros', () => {
  assert.deepEqual([0.05, 0.02, 0.983, 1, 0.0125, 0.00001].map(share).map(plain), [
    '5 %',
    '2 %',
    '98.3 %',
    '100 %',
    '1.25 %',
    '0.001 %',
  ]);
});

test('a duration goes from milliseconds to hours', () => {
  assert.deepEqual([0.0412, 300, 999.7, 8_240, 59_990, 237_292, 3_599_600, 3_720_000].map(duration).map(plain), [
    '0.0412 ms',
    '300 ms',
    '1 s',
    '8.24 s',
    '1 min 0 s',
    '3 min 57 s',
    '1 h 0 min',
    '1 h 2 min',
  ]);
});

test('rough minutes are rounded up', () => {
  assert.deepEqual([0.2, 1, 3.4, 1200].map(minutes).map(plain), ['a minute', 'a minute', '4 minutes', '1 200 minutes']);
});

test('an interval shows both ends, or that there is none', () => {
  assert.equal(plain(interval({ lower: -0.012, upper: 0.079 }, change)), '-1.2 % to +7.9 %');
  assert.equal(interval({ lower: null, upper: 0.079 }, change), noValue);
});

test('what is not a number is shown as not available', () => {
  for (const format of [rate, latency, change, share, duration, minutes, count, plainNumber]) {
    for (const value of [null, Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(format(value), 'n/a');
  }
});

test('numbers beyond all measure stay short', () => {
  for (const format of [rate, latency, change, share, duration, count, plainNumber]) {
    for (const value of [1e300, -1e300, 5e-324, Number.MAX_SAFE_INTEGER]) {
      const text = format(value);
      assert.ok(text.length < 40, `${text} of ${value}`);
      assert.doesNotMatch(text, /NaN|Infinity/);
    }
  }
});

test('a latency read back is the number it was, to half of its third digit', () => {
  const factors: Record<string, number> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };
  fc.assert(
    fc.property(fc.double({ min: 1, max: 9e11, noNaN: true }), (latencyNs) => {
      const [number = '', unit = ''] = plain(latency(latencyNs)).split(/ (?=\D)/);
      const readNs = Number(number.replaceAll(' ', '')) * (factors[unit] ?? Number.NaN);
      assert.ok(Math.abs(readNs / latencyNs - 1) <= 0.00501, `${number} ${unit} of ${latencyNs}`);
    }),
    { seed: 20261123, numRuns: 2000 },
  );
});
