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

  it('says of a version with more digits than it takes what it is', () => {
    using staged = new StagedRepository();
    const [most, more] = ['9'.repeat(15), '9'.repeat(16)];
    for (const version of [most, more]) staged.write(`m/${version}/model.onnx`, '');
    const warnings: string[] = [];
    const repository = new Repository(staged.path);
    assert.deepEqual(
      repository.versions('m', (line) => warnings.push(line)),
      [Number(most)],
    );
    assert.deepEqual(warnings, [`ignore version directory '${more}' whose number has more than 15 digits`]);
  });

  it('follows links, wherever they lead, and passes those that lead nowhere', () => {
    using staged = new StagedRepository();
    using elsewhere = new StagedRepository();
    symlinkSync(`${elsewhere.path}/sklearn-onnx`, `${staged.path}/linked`);
    symlinkSync('/no-such-target', `${staged.path}/dangling`);
    symlinkSync('circle', `${staged.path}/circle`);
    const repository = new Repository(staged.path);
    assert.deepEqual(repository.models(), ['linked', 'sklearn-onnx']);
    assert.equal(repository.has('circle'), false);
    assert.equal(repository.configText('linked'), repository.configText('sklearn-onnx'));
    assert.deepEqual(
      repository.versions('linked', () => {}),
      [1],
    );
    const before = repository.fingerprint('linked');
    elsewhere.write('sklearn-onnx/1/model.onnx', 'other');
    assert.notEqual(repository.fingerprint('linked'), before);
  });

  it('says that it has gone', () => {
    const staged = new StagedRepository();
    const repository = new Repository(staged.path);
    staged[Symbol.dispose]();
    const gone = { name: 'CoreError', status: 'INTERNAL', message: /failed to read the folder .*ENOENT/ };
    assert.throws(() => repository.models(), gone);
    assert.throws(() => repository.fingerprint('sklearn-onnx'), gone);
    assert.throws(() => repository.versions('sklearn-onnx', () => {}), gone);
    assert.equal(repository.has('sklearn-onnx'), false);
  });

  it('gives a model another fingerprint when a file of it changes', () => {
    using staged = new StagedRepository();
    const repository = new Repository(staged.path);
    const before = repository.fingerprint('sklearn-onnx');
    assert.equal(repository.fingerprint('sklearn-onnx'), before);
    staged.write('sklearn-onnx/1/model.onnx', 'other');
    assert.notEqual(repository.fingerprint('sklearn-onnx'), before);
    staged.write('target.onnx', 'first');
    symlinkSync(`${staged.path}/target.onnx`, `${staged.path}/sklearn-onnx/1/linked.onnx`);
    const linked = repository.fingerprint('sklearn-onnx');
    staged.write('target.onnx', 'changed');
    assert.notEqual(repository.fingerprint('sklearn-onnx'), linked);
    symlinkSync('/no-such-target', `${staged.path}/sklearn-onnx/dangling`);
    assert.match(repository.fingerprint('sklearn-onnx'), /dangling/);
  });
});
