import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodeElements } from '../../kserve/tensors.ts';
import { model, plain, usage } from './data.fixture.ts';
import { parseSource } from './data-options.ts';
import { npyFile, npyHeader } from './npy.fixture.ts';
import { plainSpec, readWorkload } from './read-workload.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-data-'));
});
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return name;
}

const x = model(['x INT16 -1,1'], ['y INT16 -1,1']);
const read = (...texts: string[]) => readWorkload(plainSpec(parseSource(texts, folder)), x, 1);
const two = npyFile(npyHeader('<i2', [2, 1]), encodeElements('INT16', [5, 6]));

describe('a workload is read', () => {
  it('from CSV, JSON and .npy files alike', async () => {
    const names = [
      file('rows.csv', '\uFEFFx\r\n5\r\n6\r\n'),
      file('rows.txt', '5\n6\n'),
      file('rows.json', '\uFEFF{"data":[{"x":[5]},{"x":[6]}]}'),
      file('rows.NPY', two),
      `x=${file('a.npy', two)}`,
    ];
    for (const name of names) {
      const { inputs, expected } = await read(name);
      assert.deepEqual(
        inputs.map((tensors) => tensors.map(plain)),
        [[['x', [1, 1], [5]]], [['x', [1, 1], [6]]]],
        name,
      );
      assert.equal(expected, null);
    }
  });

  it('from nothing', async () => {
    assert.equal((await read('random')).description, 'random values, seed 1, in 64 distinct requests');
    assert.deepEqual(
      (await read('zero')).inputs.map((tensors) => tensors.map(plain)),
      [[['x', [1, 1], [0]]]],
    );
  });

  it('with expected outputs from .npy files beside data of any kind', async () => {
    const spec = {
      ...plainSpec(parseSource([file('rows.csv', '5\n6\n')], folder)),
      expected: parseSource([file('y.npy', two)], folder),
      tolerance: { absolute: 0, relative: 0 },
    };
    const { expected } = await readWorkload(spec, x, 2);
    assert.deepEqual(
      expected?.map((tensors) => tensors.map(plain)),
      [[['y', [2, 1], [5, 6]]], [['y', [2, 1], [6, 5]]]],
    );
    const none = { ...spec, source: parseSource(['random'], folder) };
    await assert.rejects(
      readWorkload(none, x, 2),
      usage(/y\.npy has 2 rows of expected outputs, but the examples are made up/),
    );
    const random = { ...spec, expected: parseSource(['random'], folder) };
    await assert.rejects(readWorkload(random, x, 2), usage(/expected outputs cannot be random/));
  });

  it('with expected outputs from one place only', async () => {
    const json = file('v.json', '{"data":[{"x":[5]},{"x":[6]}],"validation_data":[{"y":[5]},{"y":[6]}]}');
    const spec = { ...plainSpec(parseSource([json], folder)), expected: parseSource([file('y.npy', two)], folder) };
    await assert.rejects(readWorkload(spec, x, 1), usage(/brings expected outputs of its own/));
  });
});

describe('a file of input data is refused', () => {
  it('when it is not there, or a folder, or has no end', async () => {
    mkdirSync(join(folder, 'dir.json'));
    for (const ending of ['csv', 'json', 'npy'])
      await assert.rejects(read(`absent.${ending}`), usage(/^there is no .*absent/));
    await assert.rejects(read('dir.json'), usage(/is not a file/));
    await assert.rejects(read('/dev/zero'), usage(/is not a file/));
  });

  it('when it is too large', async () => {
    for (const [ending, bytes] of [
      ['csv', 2 ** 28],
      ['json', 2 ** 28],
      ['npy', 2 ** 30],
    ] as const) {
      const name = file(`large.${ending}`, '');
      truncateSync(join(folder, name), bytes + 1);
      await assert.rejects(read(name), usage(new RegExp(`is larger than ${bytes} bytes`)));
    }
  });

  it('when it is no text', async () => {
    await assert.rejects(read(file('bad.csv', Uint8Array.of(0x31, 0xff))), usage(/bad\.csv is not UTF-8 text/));
    await assert.rejects(read(file('bad.json', Uint8Array.of(0xc3, 0x28))), usage(/bad\.json is not UTF-8 text/));
    await assert.rejects(
      read(file('nul.csv', Uint8Array.of(0x31, 0x0a, 0x00))),
      usage(/nul\.csv:2: column 1 is no number/),
    );
  });

  it('when it is an archive of arrays', async () => {
    await assert.rejects(read(file('a.npz', 'PK')), usage(/is a \.npz file/, /numpy\.save/));
  });

  it('when a range is given for what is not random', async () => {
    const spec = { ...plainSpec(parseSource(['zero'], folder)), ranges: new Map([['x', { least: 0, most: 1 }]]) };
    await assert.rejects(readWorkload(spec, x, 1), usage(/not random/));
  });
});
