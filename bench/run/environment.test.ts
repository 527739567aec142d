import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeEnvironment, md5Of } from './environment.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-environment-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the environment of a run', () => {
  it('holds md5 and size of each file of the model, linked ones too, without pointers and broken links', async () => {
    mkdirSync(join(folder, 'm', '1'), { recursive: true });
    writeFileSync(join(folder, 'cache'), 'hello');
    writeFileSync(join(folder, 'm', 'config.pbtxt'), '');
    writeFileSync(join(folder, 'm', '1', 'model.onnx.dvc'), 'outs: []');
    symlinkSync(join(folder, 'cache'), join(folder, 'm', '1', 'model.onnx'));
    symlinkSync(join(folder, 'none'), join(folder, 'm', '1', 'broken'));
    const { model } = await describeEnvironment(join(folder, 'm'), folder);
    assert.deepEqual(model, {
      '1/model.onnx': '5d41402abc4b2a76b9719d911017c592 (5 bytes)',
      'config.pbtxt': 'd41d8cd98f00b204e9800998ecf8427e (0 bytes)',
    });
  });

  it('has unknown for what cannot be seen', async () => {
    const { git, model } = await describeEnvironment(join(folder, 'none'), folder);
    assert.deepEqual([git, model], [{ commit: 'unknown', dirty: 'unknown' }, {}]);
  });

  it('names host and software with values that go into JSON as they are', async () => {
    const environment = await describeEnvironment(folder, folder);
    assert.deepEqual(JSON.parse(JSON.stringify(environment)), environment);
    assert.equal(environment.software.node, process.version);
    assert((environment.host.cores as number) >= 1);
    for (const value of Object.values(environment.host)) assert.notEqual(value, '');
  });
});

describe('the md5 of a file', () => {
  it('is that of all its bytes, however many', async () => {
    const bytes = Buffer.alloc(1_000_003, 'x');
    writeFileSync(join(folder, 'file'), bytes);
    assert.equal(await md5Of(join(folder, 'file')), createHash('md5').update(bytes).digest('hex'));
  });
});
