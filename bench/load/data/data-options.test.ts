import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { usage } from './data.fixture.ts';
import { parseRanges, parseShapes, parseSource } from './data-options.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-options-'));
  writeFileSync(join(folder, 'a=1.npy'), '');
});
after(() => rmSync(folder, { recursive: true }));

describe('the source of input data', () => {
  it('is random or zero, or one file, whose path counts from the folder', () => {
    assert.deepEqual(parseSource(['random'], '/f'), { kind: 'random' });
    assert.deepEqual(parseSource(['zero'], '/f'), { kind: 'zero' });
    assert.deepEqual(parseSource(['./random'], '/f'), { kind: 'file', file: '/f/random' });
    assert.deepEqual(parseSource(['rows=1.csv'], '/f'), { kind: 'file', file: '/f/rows=1.csv' });
  });

  it('is a .npy file per tensor', () => {
    const files = new Map([
      ['a', '/f/x.npy'],
      ['b/c:0', '/g/y.NPY'],
    ]);
    assert.deepEqual(parseSource(['a=x.npy', 'b/c:0=/g/y.NPY'], '/f'), { kind: 'files', files });
    assert.deepEqual(parseSource(['a=1.npy'], folder), { kind: 'file', file: join(folder, 'a=1.npy') });
  });

  it('is refused where it says too little', () => {
    assert.throws(() => parseSource([], '/f'), usage(/no input data is named/));
    assert.throws(() => parseSource([''], '/f'), usage(/no input data is named/));
    assert.throws(() => parseSource(['a=x.npy', 'y.npy'], '/f'), usage(/^y\.npy is one of 2 sources/));
    assert.throws(() => parseSource(['random', 'a=y.npy'], '/f'), usage(/^random is one of 2/));
    assert.throws(() => parseSource(['a=x.npy', 'a=y.npy'], '/f'), usage(/two files for a/));
  });
});

describe('shapes and ranges', () => {
  it('are read by name, which may hold colons', () => {
    assert.deepEqual(
      parseShapes(['IMAGE:3,224,224', 'x:0:5']),
      new Map([
        ['IMAGE', [3, 224, 224]],
        ['x:0', [5]],
      ]),
    );
    assert.deepEqual(
      parseRanges(['ids:0,30000', 'x:-1.5,1e3']),
      new Map([
        ['ids', { least: 0, most: 30_000 }],
        ['x', { least: -1.5, most: 1000 }],
      ]),
    );
  });

  for (const text of ['', 'x', 'x:', ':3', 'x:0', 'x:-1', 'x:1.5', 'x:3,', 'x:3,,4', `x:${'9'.repeat(30)}`]) {
    it(`have no shape "${text}"`, () => assert.throws(() => parseShapes([text]), usage(/--shape/, /IMAGE:3,224,224/)));
  }
  for (const text of ['', 'x', 'x:', 'x:1', 'x:1,2,3', 'x:a,b', 'x:,1', 'x:0,Infinity', ':0,1']) {
    it(`have no range "${text}"`, () =>
      assert.throws(() => parseRanges([text]), usage(/--input-range/, /IDS:0,30000/)));
  }

  it('name an input once', () => {
    assert.throws(() => parseShapes(['x:1', 'x:2']), usage(/names x twice/));
    assert.deepEqual(parseShapes(['__proto__:1']).get('__proto__'), [1]);
  });
});
