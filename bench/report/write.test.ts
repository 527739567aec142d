import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { hostileResults } from './hostile.fixture.ts';
import { baselineOnly, manyVariants, nothingMeasured, resultsOf } from './report.fixture.ts';
import { resultsSchema } from './results.ts';
import { writeReport } from './write.ts';

const always = ['index.html', 'results.csv', 'results.json', 'summary.md'];

async function scratch(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'tritune-report-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('a winner comes with its config, byte for byte', async () => {
  await using folder = await scratch();
  const { files } = await writeReport(folder.path, resultsOf('WINNER'));
  assert.deepEqual(files.toSorted(), [...always, 'winner.config.pbtxt']);
  assert.deepEqual((await readdir(folder.path)).toSorted(), files.toSorted());
  assert.equal(await readFile(join(folder.path, 'winner.config.pbtxt'), 'utf8'), resultsOf('WINNER').config.pick);
});

test('results.json reads back as the results', async () => {
  await using folder = await scratch();
  await writeReport(folder.path, hostileResults());
  const read = resultsSchema.parse(JSON.parse(await readFile(join(folder.path, 'results.json'), 'utf8')));
  assert.deepEqual(read, resultsSchema.parse(hostileResults()));
});

test('a rehearsal calls nothing a winner', async () => {
  await using folder = await scratch();
  const results = resultsOf('WINNER');
  await writeReport(folder.path, results);
  const engine = { ...results.engine, transferable: false, backend: 'python-based onnxruntime backend' };
  const { files } = await writeReport(folder.path, { ...results, engine });
  assert.deepEqual((await readdir(folder.path)).toSorted(), [...always, 'rehearsal.config.pbtxt'].toSorted());
  for (const name of files.filter((each) => each !== 'results.json')) {
    assert.doesNotMatch(await readFile(join(folder.path, name), 'utf8'), /winner/i, name);
  }
});

test('what claims nothing has no config, and that of an earlier verdict goes', async () => {
  await using folder = await scratch();
  for (const kind of ['NO_IMPROVEMENT', 'INCONCLUSIVE', 'INVALID'] as const) {
    await writeReport(folder.path, resultsOf('TIED_SET'));
    await writeReport(folder.path, resultsOf(kind));
    assert.deepEqual((await readdir(folder.path)).toSorted(), always);
  }
});

test('a claim among variants that are the same on purpose is nothing to deploy', async () => {
  await using folder = await scratch();
  const results = resultsOf('WINNER');
  const { files } = await writeReport(folder.path, { ...results, plan: { ...results.plan, expectEqual: true } });
  assert.deepEqual(files.toSorted(), always);
});

test('the same results give the same bytes, other files stay, and no unfinished file is left', async () => {
  await using folder = await scratch();
  await writeFile(join(folder.path, 'journal.jsonl'), 'kept');
  const bytes = async (): Promise<Map<string, string>> => {
    const { files } = await writeReport(folder.path, resultsOf('WINNER'));
    const texts = files.map(async (name) => [name, await readFile(join(folder.path, name), 'utf8')] as const);
    return new Map(await Promise.all(texts));
  };
  assert.deepEqual(await bytes(), await bytes());
  assert.equal((await readdir(folder.path)).length, 6);
});

test('no hole in the data shows through in any file', async () => {
  await using folder = await scratch();
  for (const results of [
    resultsOf('WINNER'),
    resultsOf('INVALID'),
    baselineOnly(),
    nothingMeasured(),
    manyVariants(30),
  ]) {
    for (const name of (await writeReport(folder.path, results)).files) {
      if (name === 'results.json') continue;
      const text = (await readFile(join(folder.path, name), 'utf8')).replace('{""dynamic_batching"":null}', '');
      assert.doesNotMatch(text, /NaN|undefined|null|Infinity|\[object/, name);
    }
  }
});

test('a folder that cannot be is a failure that says what to do', async () => {
  await using folder = await scratch();
  await writeFile(join(folder.path, 'file'), '');
  await assert.rejects(writeReport(join(folder.path, 'file'), resultsOf('WINNER')), {
    name: 'Failure',
    code: 'report-not-written',
    exitCode: 6,
  });
});

test('results without the published shape are refused before anything is written', async () => {
  await using folder = await scratch();
  const results = resultsOf('WINNER');
  await assert.rejects(writeReport(folder.path, { ...results, run: { ...results.run, durationMs: Number.NaN } }));
  assert.deepEqual(await readdir(folder.path), []);
});

test('what was being written by a process that was killed goes, and no other file', async () => {
  await using folder = await scratch();
  const { stdout: gone } = await execa('sh', ['-c', 'echo $$']);
  const uuid = '01234567-89ab-cdef-0123-456789abcdef';
  const others = [`.index.html.${process.ppid}.${uuid}`, `.index.html.${gone}`, '.hidden'];
  for (const name of [...others, `.index.html.${gone}.${uuid}`, `.winner.config.pbtxt.${gone}.${uuid}`]) {
    await writeFile(join(folder.path, name), '');
  }
  await writeReport(folder.path, nothingMeasured());
  assert.deepEqual((await readdir(folder.path)).toSorted(), [...others, ...always].toSorted());
});
