import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Results } from './results.ts';
import { warmupSentence } from './warmup-sentence.ts';

type Pilot = NonNullable<Results['run']['pilot']>;

describe('the sentence about the warm-up', () => {
  const run = (why: Pilot['warmup']['why'], settledMs: Pilot['warmup']['settledMs']): Results['run'] =>
    ({ warmupMs: 375, pilot: { warmup: { why, settledMs } } }) as unknown as Results['run'];
  const of = (...given: Parameters<typeof run>): string =>
    warmupSentence(run(...given)).replaceAll(/[\u00a0\u202f]/g, ' ');

  it('names the slowest to settle, and when', () => {
    assert.equal(
      of('settled', { 'count-10': 250, baseline: 0 }),
      '375 ms: in the pilot count-10 settled after 250 ms, and half as much again is added.',
    );
    assert.match(of('restless', { a: 1_250, b: 1_250 }), /^375 ms: in the pilot a and b still changed after 1\.25 s,/);
    assert.match(of('bounded', { a: 1_250 }), /^375 ms, which is all that the budget allows: in the pilot a settled/);
  });

  it('says so where variants settle at once, or where that was not seen', () => {
    assert.match(of('executions', { a: 0, baseline: 0 }), /in the pilot a and baseline settled at once\.$/);
    assert.match(of('executions', { a: 50, baseline: null }), /in the pilot a settled after 50 ms at the latest\.$/);
    assert.match(of('unseen', { a: null }), /too little to tell/);
    assert.match(warmupSentence({ ...run('unseen', {}), pilot: null }), /no pilot watched how they settle\.$/);
  });

  it('is plain text whatever a variant is called', () => {
    const text = of('settled', { 'a\u001b[31m\u202e': 9 });
    assert.deepEqual(
      ['\u001b', '\u202e'].filter((mark) => text.includes(mark)),
      [],
    );
  });
});
