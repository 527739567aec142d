import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { findLocal } from './find.ts';
import { type Installation, manifestPath, readInstallation, standInBackend } from './installation.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tritune-find-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('finding a local Triton', () => {
  it('takes the binary that a path names, from the project folder where it is relative', () => {
    addFile('tools/tritonserver', 0o755);
    for (const path of ['tools/tritonserver', join(root, 'tools/tritonserver')]) {
      assert.equal(isFound(findLocal({ path, root, env: {} })), true);
    }
  });

  it('looks nowhere else where a path is given and wrong', () => {
    addInstallation();
    addFile('plain', 0o644);
    assert.deepEqual(findLocal({ path: 'none', root, env: {} }), {
      missing: `${root}/none is not an executable file`,
    });
    assert.deepEqual(findLocal({ path: 'plain', root, env: {} }), {
      missing: `${root}/plain is not an executable file`,
    });
    assert.deepEqual(findLocal({ path: '.', root, env: {} }), { missing: `${root} is not an executable file` });
  });

  it('takes the one on PATH, past files that cannot run and folders that are relative', () => {
    addFile('first/tritonserver', 0o644);
    addFile('second/tritonserver', 0o755);
    assert.equal(isFound(findLocal({ root, env: { PATH: `first:${root}/none:${root}/first:${root}/second` } })), true);
    assert.equal(isFound(findLocal({ root, env: { PATH: `second:${root}/first` } })), false);
  });

  it('takes the installation below the project folder', () => {
    addInstallation();
    assert.equal(isFound(findLocal({ root, env: {} })), true);
  });

  it('says what to do where there is none', () => {
    const found = findLocal({ root, env: { PATH: '' } });
    assert('missing' in found);
    assert.match(found.missing, /no tritonserver on PATH.*tritune triton install/);
  });
});

describe('an installation', () => {
  it('does not count where its manifest is damaged, hostile or of another version', () => {
    addInstallation();
    for (const content of ['', '{', 'null', '[]', '{"__proto__":{"tritonserver":"/bin/sh"}}', '{"schemaVersion":2}']) {
      writeFileSync(manifestPath(root), content);
      assert('missing' in readInstallation(root), content);
    }
  });

  it('does not count where a part of it is gone', () => {
    for (const part of ['tritonserver', 'backends/onnxruntime/model.py', 'venv/bin']) {
      addInstallation();
      assert('found' in readInstallation(root));
      rmSync(join(root, '.triton', part), { recursive: true });
      const { missing } = readInstallation(root) as { missing: string };
      assert.equal(missing, `${root}/.triton/${part} of the Triton installation is gone`);
    }
  });
});

function isFound(result: ReturnType<typeof findLocal>): boolean {
  return 'engine' in result && result.engine.kind === 'local';
}

function addFile(path: string, mode: number): string {
  const absolute = join(root, path);
  mkdirSync(join(absolute, '..'), { recursive: true });
  writeFileSync(absolute, '');
  chmodSync(absolute, mode);
  return absolute;
}

function addInstallation(): void {
  mkdirSync(join(root, '.triton/venv/bin'), { recursive: true });
  addFile('.triton/backends/onnxruntime/model.py', 0o644);
  const installation: Installation = {
    schemaVersion: 1,
    tritonserver: addFile('.triton/tritonserver', 0o755),
    backendDirectory: join(root, '.triton/backends'),
    libraryPath: [],
    pathPrefix: [join(root, '.triton/venv/bin')],
    pythonVersion: '3.11.7',
    versions: {},
    backend: standInBackend,
    requirements: [],
    backendDigest: '',
  };
  writeFileSync(manifestPath(root), JSON.stringify(installation));
}
