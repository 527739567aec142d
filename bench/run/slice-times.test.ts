import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sliceTimes } from './slice-times.ts';

it('the parts of a slice are all of it', () => {
  const times = sliceTimes(
    { tookMs: { serverStart: 80, readBack: 2.5 } },
    { window: { openNs: 101.25e6, closeNs: 402e6 } },
    { inForceMs: 95, wholeMs: 512 },
  );
  assert.deepEqual(times, { serverStart: 80, load: 12.5, readBack: 2.5, warmup: 101.25, window: 300.75, rest: 15 });
  assert.equal(
    Object.values(times).reduce((sum, ms) => sum + ms, 0),
    512,
  );
});

it('a slice whose window did not close has no warm-up and no window: all of its load is the rest', () => {
  const inForce = { tookMs: { serverStart: 0, readBack: 2 } };
  const { warmup, window, rest } = sliceTimes(
    inForce,
    { window: { openNs: 0, closeNs: 0 } },
    { inForceMs: 10, wholeMs: 60 },
  );
  assert.deepEqual([warmup, window, rest], [0, 0, 50]);
});
