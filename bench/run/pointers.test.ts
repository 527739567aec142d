import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { checkPointers } from './pointers.ts';

// md5 of "hello", known to every md5sum.
const md5 = '5d41402abc4b2a76b9719d911017c592';
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-pointers-'));
  mkdirSync(join(folder, 'model', '1'), { recursive: true });
  file = join(folder, 'model', '1', 'model.onnx');
  writeFileSync(file, 'hello');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a DVC pointer', () => {
  it('is that of the same content by md5 and size', async () => {
    point(pointer());
    assert.deepEqual(await check(), [{ file, outcome: 'same', detail: md5 }]);
  });

  it('differs where md5 or size do, and says both sums and what to do', async () => {
    const other = 'f'.repeat(32);
    point(pointer({ md5: other }));
    assert.deepEqual(await check(), [
      {
        file,
        outcome: 'differs',
        detail: `${file} is not the file that ${file}.dvc points to (md5 ${md5}, not ${other}): dvc checkout, or dvc add if the change is meant`,
      },
    ]);
    point(pointer({ size: 6 }));
    assert.equal((await check())[0]?.outcome, 'differs');
  });

  it('differs from a file that is missing, which dvc pull brings', async () => {
    point(pointer());
    rmSync(file);
    assert.deepEqual(await check(), [
      { file, outcome: 'differs', detail: `${file} is missing, but ${file}.dvc points to it: dvc pull` },
    ]);
  });

  it('of a folder is named, not compared', async () => {
    rmSync(file);
    mkdirSync(file);
    point(pointer({ md5: `${md5}.dir` }));
    assert.deepEqual(await check(), [
      { file, outcome: 'unreadable', detail: `${file} is a folder to ${file}.dvc, and folders are not compared` },
    ]);
    point(pointer());
    assert.equal((await check())[0]?.outcome, 'unreadable');
  });

  const hostile: [what: string, text: string][] = [
    ['empty', ''],
    ['no YAML', '{ outs: ['],
    ['a list', '- a\n- b\n'],
    ['a number', '7'],
    ['without outs', 'deps: []\n'],
    ['with outs that are no list', 'outs: { path: model.onnx }\n'],
    ['with empty entries', 'outs:\n- null\n- 3\n'],
    ['for another file', pointer({ path: 'other.onnx' })],
    ['for a path that leads out', pointer({ path: '../1/model.onnx' })],
    ['with numbers for sums', 'outs:\n- md5: 123\n  size: 5\n  path: model.onnx\n'],
    ['with text for a size', `outs:\n- md5: ${md5}\n  size: five\n  path: model.onnx\n`],
    ['with __proto__ for keys', `__proto__:\n  outs: [{ md5: ${md5}, size: 5, path: model.onnx }]\n`],
    ['that multiplies itself', bomb()],
    ['two documents', `${pointer()}---\n${pointer()}`],
    ['binary', '\0\u0001\ufffd'],
  ];
  for (const [what, text] of hostile) {
    it(`is none, and says so, where the file is ${what}`, async () => {
      point(text);
      assert.deepEqual(await check(), [
        { file, outcome: 'unreadable', detail: `${file}.dvc is no pointer to model.onnx` },
      ]);
    });
  }

  it('is looked for beside single files too, and nothing is said of files without one', async () => {
    const [rows, free] = [join(folder, 'rows.csv'), join(folder, 'free.csv')];
    writeFileSync(rows, 'hello');
    writeFileSync(free, 'hello');
    writeFileSync(`${rows}.dvc`, pointer({ path: 'rows.csv' }));
    point(pointer());
    const found = await checkPointers(join(folder, 'model'), [rows, free, join(folder, 'none.csv')]);
    assert.deepEqual(
      found.map((each) => [each.file, each.outcome]),
      [
        [file, 'same'],
        [rows, 'same'],
      ],
    );
    assert.deepEqual(await checkPointers(join(folder, 'none'), []), []);
  });
});

function check() {
  return checkPointers(join(folder, 'model'), []);
}

function point(text: string): void {
  writeFileSync(`${file}.dvc`, text);
}

function pointer(changes: { md5?: string; size?: number; path?: string } = {}): string {
  const { size, path, ...sum } = { md5, size: 5, path: 'model.onnx', ...changes };
  return `outs:\n- md5: ${sum.md5}\n  size: ${size}\n  hash: md5\n  path: ${path}\n`;
}

function bomb(): string {
  const levels = Array.from({ length: 12 }, (_, level) =>
    level === 0 ? 'a0: &a0 [x]' : `a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}*a${level - 1}]`,
  );
  return `${levels.join('\n')}\nouts: *a11\n`;
}
