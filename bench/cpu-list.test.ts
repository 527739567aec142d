import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatCpuList, parseCpuList } from './cpu-list.ts';

describe('a list of CPUs', () => {
  it('is read as the kernel writes it', () => {
    assert.deepEqual(parseCpuList('0-3,8,10-12\n'), [0, 1, 2, 3, 8, 10, 11, 12]);
    assert.deepEqual(parseCpuList('5'), [5]);
    assert.deepEqual(parseCpuList(' 2, 0-1, 1 '), [0, 1, 2]);
    assert.deepEqual(parseCpuList('\n'), []);
  });

  it('is none where it is anything else', () => {
    for (const text of [
      'a',
      '3-1',
      '-1',
      '1-',
      '0,,1',
      '1,',
      '0-99999',
      '1e3',
      '0x1',
      '0-1-2',
      `${'1,'.repeat(5000)}1`,
    ])
      assert.equal(parseCpuList(text), undefined, text.slice(0, 20));
  });

  it('is written as short as it can be', () => {
    assert.equal(formatCpuList([12, 0, 1, 2, 8, 11, 1]), '0-2,8,11-12');
    assert.equal(formatCpuList([]), '');
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(16_383), { maxLength: 60 }), (cpus) => {
        assert.deepEqual(
          parseCpuList(formatCpuList(cpus)),
          cpus.toSorted((a, b) => a - b),
        );
      }),
      { seed: 1 },
    );
  });
});
