import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlainConfig } from '../modelconfig/plain.ts';
import { refusalClue } from './refusal-clue.ts';

const tensor = { name: 'x', data_type: 'TYPE_FP32', dims: [4] };
const whole: PlainConfig = { name: 'm', backend: 'b', max_batch_size: 8, input: [tensor], output: [tensor] };
const more = "the server's own log has the reason";

describe('what a configuration itself tells of its refusal', () => {
  it('is nothing where nothing is wrong with it', () => {
    assert.equal(refusalClue(whole, 'm'), `nothing in the configuration itself explains it; ${more}`);
  });

  it('is each thing that makes Triton refuse it without a reason', () => {
    for (const [changes, clue] of [
      [{ backend: '' }, /leaves out its backend/],
      [{ output: [{ ...tensor, dims: [] }] }, /dims of an input or output/],
      [{ max_batch_size: 0, dynamic_batching: {} }, /max_batch_size of 0/],
      [{ dynamic_batching: { priority_levels: 2 } }, /default_priority_level/],
      [{ dynamic_batching: { priority_levels: 2, default_priority_level: 3 } }, /default_priority_level/],
      [{ dynamic_batching: {}, sequence_batching: {} }, /both dynamic_batching and sequence_batching/],
      [{ input: [{ ...tensor, dims: [0] }] }, /is 0, or below -1/],
      [{ name: 'n' }, /not that of the model/],
    ] as const satisfies [PlainConfig, RegExp][]) {
      const told = refusalClue({ ...whole, ...changes }, 'm');
      assert.match(told, clue);
      assert.doesNotMatch(told, /nothing in the configuration/);
      assert(told.endsWith(more));
    }
    assert.match(
      refusalClue({ ...whole, dynamic_batching: { priority_levels: '2', default_priority_level: '2' } }, 'm'),
      /^nothing/,
    );
  });
});
