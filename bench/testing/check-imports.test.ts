import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brokenImports } from './check-imports.ts';

function broken(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-imports-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return brokenImports(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the project imports in one direction only', () => {
  assert.deepEqual(brokenImports(fileURLToPath(new URL('..', import.meta.url))), []);
});

test('an import against the direction is named', () => {
  assert.deepEqual(broken({ 'stats/a.ts': "import { b } from '../run/b.ts';\n" }), [
    'bench/stats/a.ts may not import run/b.ts',
  ]);
  assert.deepEqual(broken({ 'load/x/a.ts': "import {\n  b,\n  c,\n} from '../../engines/b.ts';\n" }), [
    'bench/load/x/a.ts may not import engines/b.ts',
  ]);
  assert.deepEqual(broken({ 'kserve/a.ts': "export { b } from '../load/b.ts';\n" }), [
    'bench/kserve/a.ts may not import load/b.ts',
  ]);
});

test('types of plan may be used everywhere, its values not', () => {
  assert.deepEqual(broken({ 'stats/a.ts': "import type { Plan } from '../plan/plan.ts';\n" }), []);
  assert.equal(broken({ 'stats/a.ts': "import { parsePlan } from '../plan/parse.ts';\n" }).length, 1);
});

test('tests may use testing, code may not', () => {
  assert.deepEqual(broken({ 'load/a.test.ts': "import { requires } from '../testing/requires.ts';\n" }), []);
  assert.equal(broken({ 'load/a.ts': "import { requires } from '../testing/requires.ts';\n" }).length, 1);
});
