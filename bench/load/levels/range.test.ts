import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { parseLevels } from './range.ts';

describe('levels of load', () => {
  const read: [string, boolean, number[]][] = [
    ['8', true, [8]],
    ['1,2,4,8', true, [1, 2, 4, 8]],
    ['1:4', true, [1, 2, 3, 4]],
    ['10:100:30', true, [10, 40, 70, 100]],
    ['10:99:30', true, [10, 40, 70]],
    ['5:5:1', true, [5]],
    ['0.1:0.3:0.1', false, [0.1, 0.2, 0.3]],
    [' 1 , 2.5 ', false, [1, 2.5]],
  ];
  for (const [text, whole, levels] of read) {
    it(`are read from ${text}`, () => assert.deepEqual(parseLevels(text, { whole }), levels));
  }

  const refused: [string, boolean, RegExp][] = [
    ['', true, /"" is no number/],
    ['0', true, /0 is not above 0/],
    ['-1', true, /"-1" is no number/],
    ['1,2,2', true, /2 does not ascend/],
    ['1.5', true, /1.5 is not a whole number/],
    ['1e3', true, /"1e3" is no number/],
    ['8:4', true, /it ends at 4, below its start/],
    ['1:8:0', true, /the step 0 is not above 0/],
    ['1:8:1:1', true, /more than three parts/],
    ['1:1001', true, /1001 levels are more than 1000/],
    ['1:99999999999999999999', true, /more than 1000/],
    ['Infinity', false, /"Infinity" is no number/],
    ['__proto__', true, /is no number/],
    [`1,${'9'.repeat(400)}`, false, /is no number/],
  ];
  for (const [text, whole, message] of refused) {
    it(`are refused from ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(
        () => parseLevels(text, { whole }),
        (error) => error instanceof Failure && error.exitCode === 2 && message.test(error.message),
      );
    });
  }
});
