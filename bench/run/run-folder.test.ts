import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { checkRunFolder, makeRunFolder } from './run-folder.ts';
import { shellWord } from './shell-word.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune run-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the folder of a run', () => {
  it('is made with those above it, and what was made is undone, no more', () => {
    const undo = makeRunFolder(join(folder, 'a', 'b', 'c'));
    assert(existsSync(join(folder, 'a', 'b', 'c')));
    writeFileSync(join(folder, 'a', 'mine'), '');
    undo();
    assert.deepEqual(readdirSync(folder, { recursive: true }), ['a', 'a/mine']);
  });

  it('stays where it was there before, or holds a run by then', () => {
    makeRunFolder(folder)();
    assert(existsSync(folder));
    const undo = makeRunFolder(join(folder, 'run'));
    writeFileSync(join(folder, 'run', 'run.json'), '{}');
    undo();
    assert.deepEqual(readdirSync(join(folder, 'run')), ['run.json']);
  });

  it('may be empty or missing, but hold nothing; a run in it can be gone on with', () => {
    checkRunFolder(folder);
    checkRunFolder(join(folder, 'none'));
    writeFileSync(join(folder, 'file'), '');
    refuses(
      () => checkRunFolder(folder),
      `${folder} is not empty`,
      'name a folder that does not exist yet, with --out',
    );
    writeFileSync(join(folder, 'run.json'), '');
    refuses(
      () => checkRunFolder(folder),
      `${folder} is not empty`,
      `go on with it: tritune sweep --resume '${folder}'`,
    );
  });

  it('is no file, and not below one', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'run')]) {
      refuses(() => checkRunFolder(path), /cannot be a run folder: ENOTDIR/, 'name another folder with --out');
    }
    refuses(
      () => makeRunFolder(join(file, 'run')),
      /cannot be a run folder: ENOTDIR/,
      'name another folder with --out',
    );
  });

  it('is refused, not tried for ever, where the system lists folders that hold no others', () => {
    refuses(
      () => makeRunFolder('/proc/tritune/run'),
      /cannot be a run folder: ENOENT/,
      'name another folder with --out',
    );
  });
});

describe('a path as one word of a shell command', () => {
  it('is quoted only where it must be', () => {
    assert.equal(shellWord('configs/my-plan_1.yaml'), 'configs/my-plan_1.yaml');
    assert.equal(shellWord('a b'), "'a b'");
    assert.equal(shellWord("it's $(x)"), "'it'\\''s $(x)'");
    assert.equal(shellWord(''), "''");
  });
});

function refuses(step: () => unknown, message: string | RegExp, hint: string): void {
  assert.throws(step, (error) => {
    assert(error instanceof Failure);
    assert.deepEqual([error.exitCode, error.hint], [2, hint]);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });
}
