import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { parseConfig, toPlain } from '../modelconfig/config.ts';
import type { Candidate } from './candidates.ts';
import { ModelCopies } from './model-copies.ts';

let repository: string;
beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'tritune-copies-'));
  mkdirSync(join(repository, 'm', '1', 'deep'), { recursive: true });
  writeFileSync(join(repository, 'm', 'config.pbtxt'), 'the one that is in force');
  writeFileSync(join(repository, 'm', '1', 'model.onnx'), 'bytes');
  writeFileSync(join(repository, 'm', '1', 'deep', 'config.pbtxt'), 'no config of a model');
});
afterEach(() => rmSync(repository, { recursive: true, force: true }));

describe('a copy of the model for each variant', () => {
  it('has a name, a config.pbtxt of its own with that name, and the files of the model, which take no space again', () => {
    const copies = new ModelCopies(repository, 'm');
    const first = copies.of(candidate('baseline', '# kept\nname: "m"\nmax_batch_size: 4\n'));
    const second = copies.of(candidate('b', 'max_batch_size: 8\n'));
    assert.deepEqual([first.model, second.model], ['m__0', 'm__1']);
    assert.equal(
      readFileSync(join(repository, 'm__0', 'config.pbtxt'), 'utf8'),
      '# kept\nname: "m__0"\nmax_batch_size: 4\n',
    );
    assert.deepEqual(
      toPlain(parseConfig(readFileSync(join(repository, 'm__1', 'config.pbtxt'), 'utf8'), 'c')),
      second.config,
    );
    assert.deepEqual(second.config, { name: 'm__1', max_batch_size: 8 });
    const inode = (model: string) => statSync(join(repository, model, '1', 'model.onnx')).ino;
    assert.deepEqual([inode('m__0'), inode('m__1')], [inode('m'), inode('m')]);
    assert.equal(readFileSync(join(repository, 'm__1', '1', 'deep', 'config.pbtxt'), 'utf8'), 'no config of a model');
    assert.equal(readFileSync(join(repository, 'm', 'config.pbtxt'), 'utf8'), 'the one that is in force');
  });

  it('is the same one each time', () => {
    const copies = new ModelCopies(repository, 'm');
    const one = candidate('a', 'max_batch_size: 1\n');
    assert.equal(copies.of(one), copies.of(one));
    assert.deepEqual(readdirSync(repository).sort(), ['m', 'm__0']);
  });

  it('that cannot be written is told as such', () => {
    rmSync(join(repository, 'm'), { recursive: true });
    assert.throws(
      () => new ModelCopies(repository, 'm').of(candidate('a', '')),
      (error) => error instanceof Failure && error.code === 'staging' && /m__0 cannot be written/.test(error.message),
    );
  });
});

function candidate(id: string, configText: string): Candidate {
  return { variant: { id, settings: {} }, configText, config: toPlain(parseConfig(configText, 'c')) };
}
