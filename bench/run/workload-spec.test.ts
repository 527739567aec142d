import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inputFiles, inputMd5Of, workloadSpec } from './workload-spec.ts';

const planOf = (input: string, seed = 7) => ({
  load: { protocol: 'http', concurrency: 1, batchSize: 1, input, requestTimeoutMs: 1 } as const,
  seed,
});

test('random input is drawn from the seed of the plan, is no file, and another seed is another input', async () => {
  assert.equal(workloadSpec(planOf('random')).seed, 7);
  assert.deepEqual(workloadSpec(planOf('random')).source, { kind: 'random' });
  assert.deepEqual(inputFiles(planOf('zero')), []);
  assert.equal(await inputMd5Of(planOf('random')), 'random, seed 7');
  assert.notEqual(await inputMd5Of(planOf('random', 8)), await inputMd5Of(planOf('random')));
});

test('the input of a file is told by its md5', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-spec-'));
  try {
    const file = join(folder, 'rows.csv');
    writeFileSync(file, '1\n');
    assert.deepEqual(inputFiles(planOf(file)), [file]);
    assert.equal(await inputMd5Of(planOf(file)), 'b026324c6904b2a9cb4b88d6d61c81d1');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
