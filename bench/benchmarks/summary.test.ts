import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientRun } from './client-run.ts';
import { percentile, percentileBounds } from './held-times.ts';
import { beginningWith, median, runRounds } from './rounds.ts';
import { renderTable, summarise } from './summary.ts';

function run(requestsPerSecond: number, sinceDueNs: number | null = null): ClientRun {
  return {
    requestsPerSecond,
    answeredPerSecond: requestsPerSecond,
    meanLatencyNs: 8e9 / requestsPerSecond,
    p99LatencyNs: 16e9 / requestsPerSecond,
    cpuUsPerRequest: 1e6 / requestsPerSecond,
    sinceDue: sinceDueNs === null ? null : { meanNs: sinceDueNs, p99Ns: 2 * sinceDueNs },
    errorCount: 1,
  };
}

describe('a summary', () => {
  it('has medians of the figures, and of the ratios within each round', () => {
    // The host was twice as fast in the second round, and four times in the third.
    const { rows } = summarise('t', [
      { client: 'a', runs: [run(100), run(200), run(400)], failure: null },
      { client: 'b', runs: [run(50), run(100), run(300)], failure: null },
    ]);
    assert.deepEqual(
      rows.map(({ medians, ratios }) => [medians?.requestsPerSecond, ratios?.requestsPerSecond]),
      [
        [200, 1],
        [100, 0.5],
      ],
    );
    assert.deepEqual(
      rows.map(({ errorCount }) => errorCount),
      [3, 3],
    );
  });

  it('has a line for a client that failed, without figures', () => {
    const table = summarise('t', [
      { client: 'a', runs: [run(100)], failure: null },
      { client: 'b', runs: [], failure: 'it is not there' },
    ]);
    const text = renderTable(table);
    assert.match(text, /^b +- +- /m);
    assert.match(text, /^b failed: it is not there$/m);
    assert.doesNotMatch(text, /NaN|due/);
  });

  it('has times since requests were due where any client tells them', () => {
    const text = renderTable(
      summarise('t', [
        { client: 'a', runs: [run(100, 2_500)], failure: null },
        { client: 'b', runs: [run(100)], failure: null },
      ]),
    );
    assert.match(text, /mean due us/);
    assert.match(text, /^a .* 2\.5 /m);
  });
});

describe('rounds', () => {
  it('begin with the next client each', () => {
    const orders = [0, 1, 2, 3].map((round) => beginningWith(round, ['a', 'b', 'c']).join(' '));
    assert.deepEqual(orders, ['a b c', 'b c a', 'c a b', 'a b c']);
    assert.deepEqual(beginningWith(2, []), []);
  });

  it('leave out a client that failed', async () => {
    const order: string[] = [];
    const server = { answeredCount: async () => 0, [Symbol.asyncDispose]: async () => undefined };
    const contenders = [
      { name: 'a', command: (): never => assert.fail('no such program') },
      { name: 'b', command: () => ({ command: ['true'] as [string], parse: () => run(1) }) },
    ];
    const outcomes = await runRounds(contenders, server, {
      rounds: 3,
      steadyMs: 1,
      signal: new AbortController().signal,
      progress: (line) => order.push(line),
    });
    assert.equal(outcomes[0]?.failure, 'no such program');
    assert.match(outcomes[1]?.failure ?? '', /sent no load/);
    assert.deepEqual(order, ['round 1 of 3: a', 'round 1 of 3: b']);
  });
});

describe('percentiles of samples', () => {
  const values = [5, 1, 4, 2, 3, 10, 9, 8, 7, 6];
  it('are samples themselves', () => {
    assert.deepEqual(
      [50, 90, 99, 100, 1].map((percent) => percentile(values, percent)),
      [5, 9, 10, 10, 1],
    );
    assert.deepEqual(percentileBounds(values, 99), [9, 10]);
    assert.deepEqual(
      percentileBounds(
        Array.from({ length: 2_000 }, (_, index) => index + 1),
        99.9,
      ),
      [1_998, 1_998],
    );
    assert(Number.isNaN(percentile([], 50)));
  });

  it('have a median between two where their number is even', () => {
    assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])], [2, 2.5, 7]);
    assert(Number.isNaN(median([])));
  });
});
