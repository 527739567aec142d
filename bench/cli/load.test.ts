import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { assertMeasured, csvRows, load, loadJson, Scratch, shortly } from './load.fixture.ts';
import { escapes } from './workplace.fixture.ts';

const model = ['-m', 'scripted'];

describe('tritune load on a server with a known delay', () => {
  it('tells the same numbers in JSON, CSV and both histogram files', async () => {
    using scratch = new Scratch();
    await using server = await startScriptedServer({ steps: [{ holdMs: 20 }] }, { thread: true });
    const [csv, hgrm, hlog] = ['a.csv', 'a.hgrm', 'a.hlog'].map((name) => scratch.path(name)) as [
      string,
      string,
      string,
    ];
    const files = ['-f', csv, '--hgrm', hgrm, '--hlog', hlog];
    const ran = await loadJson([
      ...model,
      '-u',
      server.url,
      '--concurrency-range',
      '1:2',
      '--percentile',
      '90',
      ...files,
    ]);
    assertMeasured(ran);
    const { levels } = ran.document;
    assert.deepEqual(
      levels.map(({ level }) => level),
      [1, 2],
    );
    const rows = csvRows(scratch.read('a.csv'));
    for (const level of levels) {
      const { latencyNs, server: share, requestCount, requestsPerSecond } = level;
      assert((latencyNs.p50 ?? 0) >= 20e6, `${latencyNs.p50}`);
      assert.equal(requestsPerSecond, level.inferencesPerSecond);
      const row = rows.find((each) => each.Concurrency === `${level.level}`) ?? {};
      const us = (ns: number | null | undefined): string => `${Math.round((ns ?? Number.NaN) / 1e3)}`;
      assert.equal(Number(row['Inferences/Second']), Number(level.inferencesPerSecond.toFixed(3)));
      assert.equal(row['p50 latency'], us(latencyNs.p50));
      assert.equal(row['p90 latency'], us(level.stabilizingNs));
      assert.equal(row['p95 latency'], us(latencyNs.p95));
      assert.equal(row['p99 latency'], us(latencyNs.p99));
      assert.equal(row['Server Compute Infer'], us(share?.computeInferNs));
      assert.equal(row['Network+Server Send/Recv'], us(share?.networkNs));
      assert((share?.computeInferNs ?? 0) >= 20e6);
      const table = scratch.read(`a-${level.level}.hgrm`);
      assert.match(table, new RegExp(`Total count    = *${requestCount}\\]`));
      const line = scratch
        .read('a.hlog')
        .split('\n')
        .find((each) => each.startsWith(`Tag=concurrency-${level.level},`));
      assert.equal(decodeFromCompressedBase64(line?.split(',').at(-1) ?? '').totalCount, requestCount);
    }
  });

  it('ends its text with the lines of perf_analyzer, which say what the CSV says', async () => {
    using scratch = new Scratch();
    await using server = await startScriptedServer({ steps: [{ holdMs: 10 }] }, { thread: true });
    const { stdout, stderr } = await load([
      ...model,
      '-u',
      server.url,
      '-b',
      '2',
      '-f',
      scratch.path('a.csv'),
      '-v',
      ...shortly,
    ]);
    const [row = {}] = csvRows(scratch.read('a.csv'));
    const [, throughput, latency] =
      /^Concurrency: 1, throughput: ([\d.]+) infer\/sec, latency (\d+) usec$/m.exec(stdout) ?? [];
    assert.equal(Number(throughput), Number(Number(row['Inferences/Second']).toPrecision(6)));
    assert(Number(latency) >= 10_000, stdout);
    const parts = [
      'Network+Server Send/Recv',
      'Server Queue',
      'Server Compute Input',
      'Server Compute Infer',
      'Server Compute Output',
    ];
    const sum = parts.reduce((total, name) => total + Number(row[name]), 0);
    assert(Math.abs(sum - Number(latency)) <= parts.length, `${sum} against ${latency}`);
    assert.match(stdout, /Concurrency 1, batch size 2\n {2}throughput /);
    assert.match(stdout, /\n {2}server {5}queue 0.ns, .*infer 1\d\.\d.ms/);
    assert.match(stderr, /connected to 127\.0\.0\.1:\d+; transport http; 64 distinct requests; headers: none/);
    assert.doesNotMatch(stdout + stderr, escapes);
  });

  it('sends a rate whatever becomes of it, and tells latencies from the intended start and from the send', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 50 }], workers: 1 }, { thread: true });
    const rate = ['--request-rate-range', '40', '--max-in-flight', '1'];
    const { code, document } = await loadJson([...model, '-u', server.url, ...rate]);
    const [level] = document.levels;
    assert.deepEqual(level?.pacing, { kind: 'constant', requestsPerSecond: 40 });
    assert.equal(level.schedule?.whenFull, 'wait');
    assert.equal(level.schedule.intendedCount, 12);
    // Twice as much is offered as is served: the last of them wait for long, but each is served in its 50 ms.
    assert((level.latencyNs.max ?? 0) > 200e6, JSON.stringify(level.latencyNs));
    assert((level.schedule.fromSendNs.p50 ?? 0) < 150e6);
    assert((level.schedule.fromSendNs.p50 ?? 0) >= 50e6);
    assert(code === 0 || code === 4);
  });

  it('drops what is beyond the limit where it is told to, and says so', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 100 }], workers: 1 }, { thread: true });
    const rate = ['--request-rate-range', '100', '--max-in-flight', '1', '--when-full', 'drop'];
    const { document } = await loadJson([...model, '-u', server.url, ...rate]);
    const [level] = document.levels;
    const { intendedCount = 0, droppedCount = 0, failedCount = 0 } = level?.schedule ?? {};
    assert.equal(intendedCount, 30);
    assert.equal(intendedCount, (level?.requestCount ?? 0) + droppedCount + failedCount);
    assert(droppedCount >= 20);
    assert(level?.notes.some((note) => /more was offered than is served: \d+ requests were dropped/.test(note)));
  });

  it('searches the highest level that meets a threshold', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 20 }], workers: 2 }, { thread: true });
    const search = ['--concurrency-range', '2:8:2', '--binary-search', '-l', '50', '--percentile', '50', '-p', '150'];
    const ran = await load([...model, '-u', server.url, ...search, '--warm-up', '20ms', '--threads', '1', '--json']);
    const { search: found, levels } = JSON.parse(ran.stdout);
    // Two at once take 20 ms, so four take 40 ms and six 60 ms.
    assert.equal(found.highest, 4, ran.stdout);
    assert.equal(found.complete, true);
    assert(levels.every(({ windows }: { windows: unknown[] }) => windows.length >= 3));
  });

  it('ends a range with the first level above the threshold', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 20 }], workers: 1 }, { thread: true });
    const { document } = await loadJson([...model, '-u', server.url, '--concurrency-range', '1,3,5,7', '-l', '45ms']);
    assert.deepEqual(
      document.levels.map(({ level, meetsThreshold }) => [level, meetsThreshold]),
      [
        [1, true],
        [3, false],
      ],
    );
  });

  it('goes on with windows until so many requests are measured, and tells their spread', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 20 }] }, { thread: true });
    const { document } = await loadJson([...model, '-u', server.url, '--measurement-request-count', '25']);
    const [level] = document.levels;
    assert((level?.requestCount ?? 0) >= 25);
    assert((level?.windows.length ?? 0) >= 2);
    assert.equal(
      level?.requestCount,
      level?.windows.reduce((sum, { requestCount }) => sum + requestCount, 0),
    );
    assert((level?.spreadRatio ?? -1) >= 0);
  });
});
