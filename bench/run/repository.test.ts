import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { folderState } from './folder-state.fixture.ts';
import { readModelSource, StagedModel } from './repository.ts';

const config = 'name: "m" # kept\nbackend: "onnxruntime"\nmax_batch_size: 4\n';
let folder: string;
let repository: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-repository-'));
  repository = join(folder, 'models');
  mkdirSync(join(repository, 'm', '1'), { recursive: true });
  writeFileSync(join(repository, 'm', 'config.pbtxt'), config);
  writeFileSync(join(repository, 'm', '1', 'model.onnx'), 'bytes');
  writeFileSync(join(repository, 'm', '1', 'model.onnx.dvc'), 'outs: []');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a model in a repository', () => {
  it('is its folder with the committed config as text and as fields', () => {
    const { folder: found, configFile, configText, config: fields } = readModelSource(repository, 'm');
    assert.deepEqual(
      [found, configFile, configText],
      [join(repository, 'm'), join(repository, 'm', 'config.pbtxt'), config],
    );
    assert.equal(fields.max_batch_size, 4);
  });

  it('is missing with the names of those that are there', () => {
    mkdirSync(join(repository, 'a'));
    mkdirSync(join(repository, '.hidden'));
    writeFileSync(join(repository, 'file'), '');
    symlinkSync(join(repository, 'm'), join(repository, 'link'));
    refuses(() => readModelSource(repository, 'n'), {
      code: 'model',
      message: `there is no model n in ${repository}`,
      hint: 'models there: a, link, m',
    });
  });

  it('is missing where the repository is empty, a file, or not there', () => {
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'file'), '');
    for (const name of ['empty', 'file', 'none']) {
      refuses(() => readModelSource(join(folder, name), 'm'), {
        code: 'model',
        message: `there is no model m in ${join(folder, name)}`,
        hint: 'modelRepository in the plan must name the folder that holds the model folders',
      });
    }
  });

  it('is missing where a file has its name', () => {
    writeFileSync(join(repository, 'file'), '');
    refuses(() => readModelSource(repository, 'file'), { code: 'model', hint: 'models there: m' });
  });

  it('may not have its config in a version folder, where Triton ignores it', () => {
    const misplaced = join(repository, 'm', '1', 'config.pbtxt');
    writeFileSync(misplaced, config);
    refuses(() => readModelSource(repository, 'm'), {
      code: 'config-in-version-folder',
      message: `${misplaced} lies inside a version folder, where Triton ignores it`,
      hint: 'remove it: the file that counts is beside the version folders',
    });
    rmSync(join(repository, 'm', 'config.pbtxt'));
    refuses(() => readModelSource(repository, 'm'), {
      hint: `move it to ${join(repository, 'm', 'config.pbtxt')}; until then the server makes up a configuration of its own`,
    });
  });

  it('may have a config in a folder that is no version', () => {
    mkdirSync(join(repository, 'm', 'configs'));
    writeFileSync(join(repository, 'm', 'configs', 'config.pbtxt'), config);
    assert.equal(readModelSource(repository, 'm').configText, config);
  });

  it('has a config that can be read', () => {
    rmSync(join(repository, 'm', 'config.pbtxt'));
    refuses(() => readModelSource(repository, 'm'), {
      code: 'config-missing',
      message: `there is no ${join(repository, 'm', 'config.pbtxt')}`,
    });
    mkdirSync(join(repository, 'm', 'config.pbtxt'));
    refuses(() => readModelSource(repository, 'm'), {
      code: 'config-unreadable',
      message: /config\.pbtxt cannot be read: EISDIR/,
    });
  });
});

describe('a staged model', () => {
  it('is a copy without DVC pointers, links resolved, and removed when done with', () => {
    writeFileSync(join(folder, 'shared'), 'weights');
    symlinkSync(join(folder, 'shared'), join(repository, 'm', '1', 'weights'));
    const staging = join(folder, 'run', 'repository');
    {
      using staged = new StagedModel(readModelSource(repository, 'm'), { folder: staging, model: 'm' });
      assert.equal(staged.repository, staging);
      assert.deepEqual(
        folderState(staging).map(([path]) => path),
        ['m', 'm/1', 'm/1/model.onnx', 'm/1/weights', 'm/config.pbtxt'],
      );
      assert.equal(readFileSync(join(staging, 'm', '1', 'weights'), 'utf8'), 'weights');
      assert.equal(statSync(join(staging, 'm', '1', 'weights')).isFile(), true);
    }
    assert.equal(existsSync(staging), false);
  });

  it("never touches the user's own files, whatever is written into it", () => {
    chmodSync(join(repository, 'm', 'config.pbtxt'), 0o444);
    symlinkSync(join(repository, 'm', 'config.pbtxt'), join(folder, 'elsewhere'));
    const before = folderState(repository);
    {
      using staged = new StagedModel(readModelSource(repository, 'm'), { folder: join(folder, 's'), model: 'm' });
      staged.writeConfig('name: "other"\n');
      assert.equal(readFileSync(join(folder, 's', 'm', 'config.pbtxt'), 'utf8'), 'name: "other"\n');
    }
    assert.deepEqual(folderState(repository), before);
  });

  it('leaves a linked config where it is and writes a file of its own', () => {
    const real = join(folder, 'real.pbtxt');
    writeFileSync(real, config);
    rmSync(join(repository, 'm', 'config.pbtxt'));
    symlinkSync(real, join(repository, 'm', 'config.pbtxt'));
    using staged = new StagedModel(readModelSource(repository, 'm'), { folder: join(folder, 's'), model: 'm' });
    staged.writeConfig('other');
    assert.equal(readFileSync(real, 'utf8'), config);
  });

  it('has a config that may be written although the committed one is read-only', () => {
    chmodSync(join(repository, 'm', 'config.pbtxt'), 0o444);
    using _staged = new StagedModel(readModelSource(repository, 'm'), { folder: join(folder, 's'), model: 'm' });
    assert.equal(statSync(join(folder, 's', 'm', 'config.pbtxt')).mode & 0o777, 0o644);
  });

  it('takes a model whose own name ends like a pointer', () => {
    mkdirSync(join(repository, 'x.dvc'));
    writeFileSync(join(repository, 'x.dvc', 'config.pbtxt'), config);
    using _staged = new StagedModel(readModelSource(repository, 'x.dvc'), {
      folder: join(folder, 's'),
      model: 'x.dvc',
    });
    assert.equal(readFileSync(join(folder, 's', 'x.dvc', 'config.pbtxt'), 'utf8'), config);
  });

  it('clears what a killed run left in its place', () => {
    mkdirSync(join(folder, 's', 'm', '7'), { recursive: true });
    using staged = new StagedModel(readModelSource(repository, 'm'), { folder: join(folder, 's'), model: 'm' });
    assert.equal(existsSync(join(staged.repository, 'm', '7')), false);
  });

  it('leaves nothing where it cannot be copied', () => {
    symlinkSync(join(folder, 'gone'), join(repository, 'm', '1', 'broken'));
    const source = readModelSource(repository, 'm');
    assert.throws(
      () => new StagedModel(source, { folder: join(folder, 's'), model: 'm' }),
      (error) =>
        error instanceof Failure &&
        error.exitCode === 2 &&
        error.message.startsWith(`${join(source.folder, '1', 'broken')} leads nowhere`),
    );
    assert.equal(existsSync(join(folder, 's')), false);
  });
});

function refuses(read: () => unknown, expected: { code?: string; message?: string | RegExp; hint?: string }): void {
  assert.throws(read, (error) => {
    assert(error instanceof Failure);
    assert.equal(error.exitCode, 2);
    if (expected.code !== undefined) assert.equal(error.code, expected.code);
    if (expected.hint !== undefined) assert.equal(error.hint, expected.hint);
    if (typeof expected.message === 'string') assert.equal(error.message, expected.message);
    else if (expected.message !== undefined) assert.match(error.message, expected.message);
    return true;
  });
}
