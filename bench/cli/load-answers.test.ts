import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { encodeElements } from '../kserve/tensors.ts';
import { npyFile, npyHeader } from '../load/data/npy.fixture.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { assertMeasured, load, loadJson, parseDocument, Scratch, shortly } from './load.fixture.ts';

const model = ['-m', 'scripted'];

describe('tritune load and the answers', () => {
  it('compares them with expected ones, and exits with 4 where one is wrong', async () => {
    using scratch = new Scratch();
    // The scripted model answers the sum of each row, and where its largest value stands.
    const rows = [
      [1, 2, 3, 4],
      [9, 1, 1, 1],
    ];
    const csv = scratch.path('rows.csv');
    writeFileSync(csv, `${rows.map((row) => row.join(',')).join('\n')}\n`);
    const folder = scratch.path('expected');
    mkdirSync(folder);
    writeFileSync(`${folder}/largest.npy`, npyFile(npyHeader('<i8', [2, 1]), encodeElements('INT64', [3n, 0n])));
    const expect = (second: number): void =>
      writeFileSync(`${folder}/total.npy`, npyFile(npyHeader('<f4', [2, 1]), encodeElements('FP32', [10, second])));
    await using server = await startScriptedServer({ steps: [{ holdMs: 2 }] }, { thread: true });
    const args = [...model, '-u', server.url, '--input-data', csv, '--expected', folder];
    expect(12);
    const right = await loadJson(args);
    assertMeasured(right);
    assert.equal(right.document.subject.checksValues, true);
    assert((right.document.levels[0]?.checkedCount ?? 0) >= (right.document.levels[0]?.requestCount ?? Number.NaN));
    expect(12.5);
    const wrong = await loadJson([...args, '--fail-fast']);
    assert.equal(wrong.code, 4);
    assert.equal(wrong.document.levels[0]?.errors['wrong-values'], 1);
    const tolerated = await loadJson([...args, '--tolerance', '1']);
    assertMeasured(tolerated);
  });

  it('counts failed requests by kind and goes on, or ends with the first where it is told to', async () => {
    const steps = [{ holdMs: 2 }, { holdMs: 2 }, { holdMs: 2, answer: { kind: 'status', status: 503 } }] as const;
    await using server = await startScriptedServer({ steps }, { thread: true });
    const going = await loadJson([...model, '-u', server.url, '--concurrency-range', '2']);
    assert.equal(going.code, 4);
    const [level] = going.document.levels;
    assert((level?.errors['http-5xx'] ?? 0) > 5);
    assert((level?.requestCount ?? 0) > 10);
    assert.equal(level?.failedCount, level?.errors['http-5xx']);
    assert(level?.invalid.includes(`${level.failedCount} failed: http-5xx`));
    const ended = await loadJson([...model, '-u', server.url, '--concurrency-range', '1,2', '--fail-fast']);
    assert.equal(ended.code, 4);
    assert.equal(ended.document.levels.length, 1);
    assert.equal(ended.document.levels[0]?.failedCount, 1);
    assert.equal(ended.document.levels[0]?.latencyNs.p50, null);
  });

  it('waits for what is in flight at the end as long as the time-out says', async () => {
    const times = Array.from({ length: 40 }, () => ({ holdMs: 5 }));
    const steps = [...times, { holdMs: 1_700 }, ...times, ...times, ...times];
    await using server = await startScriptedServer({ steps }, { thread: true });
    const { document } = await loadJson([...model, '-u', server.url, '--concurrency-range', '2']);
    assert.deepEqual(document.levels[0]?.errors, {});
  });

  it('ends by itself on a server that answers nothing rightly', async () => {
    const steps = [{ holdMs: 5, answer: { kind: 'status', status: 500 } }] as const;
    await using server = await startScriptedServer({ steps }, { thread: true });
    const { code, stdout } = await load([...model, '-u', server.url, ...shortly]);
    assert.equal(code, 4);
    assert.match(stdout, /INVALID {4}\d+ failed: http-5xx\n {2}INVALID {4}no request was answered rightly/);
    assert.match(stdout, /^Concurrency: 1, throughput: 0 infer\/sec, latency n\/a$/m);
    const more = ['--concurrency-range', '1,2,4', '--max-trials', '5', '--measurement-request-count', '100'];
    const { document } = await loadJson([...model, '-u', server.url, ...more]);
    assert.deepEqual(
      document.levels.map(({ level, windows }) => [level, windows.length]),
      [[1, 1]],
    );
    const rates = ['--request-rate-range', '1,40', '-p', '100ms', '--warm-up', '10ms'];
    await using other = await startScriptedServer({ steps: [{ holdMs: 5 }] }, { thread: true });
    const seldom = await load([...model, '-u', other.url, ...rates, '--threads', '1', '--json']);
    // At 1/s nothing was asked in its window, which says nothing of the server.
    assert.deepEqual(
      parseDocument(seldom.stdout).levels.map(({ requestCount }) => requestCount),
      [0, 4],
    );
  });
});
