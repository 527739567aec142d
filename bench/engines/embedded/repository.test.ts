import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { StagedRepository } from '../staged-repository.ts';
import { CoreError } from './failures.ts';
import { chooseVersions, isModelName, Repository } from './repository.ts';

describe('the versions that a policy serves', () => {
  const chosen: [string, object, number[]][] = [
    ['the latest, where there is no policy', {}, [10]],
    ['the latest few', { latest: { num_versions: 2 } }, [3, 10]],
    ['no more than there are', { latest: { num_versions: 9 } }, [1, 3, 10]],
    ['none of zero', { latest: { num_versions: 0 } }, []],
    ['all', { all: {} }, [1, 3, 10]],
    ['those named, each once', { specific: { versions: [10, '1', 10] } }, [1, 10]],
  ];
  for (const [what, policy, expected] of chosen) {
    it(what, () => {
      const config = Object.keys(policy).length === 0 ? {} : { version_policy: { ...policy } };
      assert.deepEqual(
        chooseVersions(config, [1, 3, 10], (version) => assert.fail(`${version}`)),
        expected,
      );
    });
  }

  it('says which of those named are not there', () => {
    const missing: number[] = [];
    const config = { version_policy: { specific: { versions: [1, 7] } } };
    assert.deepEqual(
      chooseVersions(config, [1, 3], (version) => missing.push(version)),
      [1],
    );
    assert.deepEqual(missing, [7]);
  });
});

describe('a repository', () => {
  it('has the folders in it as models, and numbers as their versions', () => {
    using staged = new StagedRepository();
    staged.write('loose.txt', '');
    staged.write('.hidden/1/model.onnx', '');
    for (const version of ['10', '9', '01', 'abc', '0']) staged.write(`m/${version}/model.onnx`, '');
    staged.write('m/7', 'a file');
    const repository = new Repository(staged.path);
    const warnings: string[] = [];
    assert.deepEqual(repository.models(), ['m', 'sklearn-onnx']);
    assert.deepEqual(
      repository.versions('m', (line) => warnings.push(line)),
      [0, 9, 10],
    );
    assert.deepEqual(warnings.sort(), [
      "ignore version directory '01' which contains leading zeros in its directory name",
      "ignore version directory 'abc' which fails to convert to integral number",
    ]);
  });

  it('knows no model whose name leads out of it', () => {
    using staged = new StagedRepository();
    const repository = new Repository(`${staged.path}/sklearn-onnx`);
    for (const name of ['..', '.', '', '../sklearn-onnx', '1/..', '..\\x', 'a\0b', '/etc', '__proto__']) {
      assert.equal(repository.has(name), false, name);
    }
    assert.equal(repository.has('1'), true);
    assert.equal(isModelName('a b.c-d'), true);
    for (const fileName of ['../../x', 'a/b', '..', '']) {
      assert.throws(() => repository.modelFile('1', 1, fileName), CoreError, fileName);
    }
    assert.throws(() => new Repository(`${staged.path}/no-such`), CoreError);
  });

  it('gives a model another fingerprint when a file of it changes', () => {
    using staged = new StagedRepository();
    const repository = new Repository(staged.path);
    const before = repository.fingerprint('sklearn-onnx');
    assert.equal(repository.fingerprint('sklearn-onnx'), before);
    staged.write('sklearn-onnx/1/model.onnx', 'other');
    assert.notEqual(repository.fingerprint('sklearn-onnx'), before);
    symlinkSync('/no-such-target', `${staged.path}/sklearn-onnx/dangling`);
    assert.match(repository.fingerprint('sklearn-onnx'), /dangling/);
  });
});
