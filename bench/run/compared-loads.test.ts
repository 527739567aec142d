import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Plan, Variant } from '../plan/plan.ts';
import { resultsHtml } from '../report/html.ts';
import { type Results, resultsSchema } from '../report/results.ts';
import { verdictInWords } from '../report/sentence.ts';
import { syntheticStagedRun } from './staged-run.fixture.ts';
import { summarise } from './summarise.ts';

const arms = [
  { id: 'baseline', ratio: 1 },
  { id: 'more', ratio: 1.3 },
  { id: 'both', ratio: 0.9 },
];
const variants: Variant[] = [
  { id: 'more', settings: {}, load: { concurrency: 16 } },
  { id: 'both', settings: { 'instance_group.count': 2 }, load: { batchSize: 4, protocol: 'grpc' } },
];

/** A staged run whose journal knows the same rates under any plan. */
function resultsOf(changes: Partial<Plan> = {}, configs: Record<string, string> = {}): Results {
  const { record, lines } = syntheticStagedRun({ arms, sd: 0.01, plan: { variants, ...changes }, requestCount: 700 });
  const text = record.configs.baseline ?? '';
  return summarise({ ...record, configs: { ...record.configs, more: text, ...configs } }, lines);
}

const plain = (text: string): string => text.replaceAll('\u00a0', ' ').replaceAll('\u2212', '-');
const wordsOf = (results: Results): string => {
  const { headline, sentences } = verdictInWords(results);
  return plain([headline, ...sentences].join('\n'));
};

describe('a run whose variants are sent other loads', () => {
  const results = resultsOf();

  it('says of each what it was sent, and in what it is not the baseline', () => {
    resultsSchema.parse(results);
    assert.deepEqual(
      results.variants.map(({ id, load, differsIn }) => [id, load.description, differsIn.join()]),
      [
        ['baseline', 'closed loop, 8 outstanding, batch 1, HTTP', ''],
        ['more', 'closed loop, 16 outstanding, batch 1, HTTP', 'load'],
        ['both', 'closed loop, 8 outstanding, batch 4, gRPC', 'configuration,load'],
      ],
    );
  });

  it('names the load of a winner, whose configuration is the committed one', () => {
    assert.deepEqual([results.verdict.kind, results.verdict.pick], ['WINNER', 'more']);
    assert.equal(results.config.pick, results.config.baseline);
    const words = wordsOf(results);
    assert.match(words, /^Deploy the same configuration, with 16 outstanding \(more\): the best among those measured/);
    assert.match(words, /A comparison of loads, not of configurations: more has the configuration of the baseline/);
    assert.match(words, /both differs from the baseline in configuration and load: how much is due to which/);
    assert.match(words, /Measured under 3 loads, of which the baseline has closed loop, 8 outstanding, batch 1, HTTP/);
    assert.match(
      words,
      /Next: nothing to change on the server, winner.config.pbtxt is the baseline's; let the clients send as it was measured: closed loop, 16 outstanding, batch 1, HTTP\.$/m,
    );
    assert.match(
      wordsOf({ ...results, engine: { ...results.engine, transferable: false } }),
      /^In this rehearsal the same configuration, with 16 outstanding \(more\), is ahead: /,
    );
  });

  it('asks for the configuration and the load where the winner has both of its own', () => {
    const words = wordsOf(resultsOf({}, { more: 'another' }));
    assert.match(words, /^Deploy more, with 16 outstanding: the best/);
    assert.match(
      words,
      /Next: put winner\.config\.pbtxt in the place of .*, and let the clients send .*16 outstanding/,
    );
    assert.doesNotMatch(words, /not of configurations/);
  });

  it('asks for the flags of the server too where the winner has some of its own', () => {
    const [more, ...rest] = variants;
    assert(more !== undefined);
    const flagged = { ...more, settings: { ...more.settings, 'server.http-thread-count': 16 } };
    const results = resultsOf({ variants: [flagged, ...rest] });
    assert.equal(results.variants[1]?.differsIn.join(), 'server,load');
    const words = wordsOf(results);
    assert.match(words, /^Deploy more, with 16 outstanding: the best/);
    assert.match(words, /more differs from the baseline in flags of the server and load: how much/);
    assert.match(
      words,
      /Next: start the server with --http-thread-count=16, and let the clients send .*HTTP; config.pbtxt stays as it is\.$/m,
    );
    assert.match(
      wordsOf(resultsOf({ variants: [flagged, ...rest] }, { more: 'another' })),
      /Next: put winner.config.pbtxt in the place of .*, start the server with --http-thread-count=16, and let the clients/,
    );
  });

  it('has a column of loads where they differ alone', () => {
    const html = resultsHtml(results);
    assert.match(html, /<th scope="col">Load<\/th>/);
    assert.match(html, /<td class="words">8 outstanding, batch 4, gRPC<\/td>/);
    assert.match(html, /\(of the baseline; some variants have their own\)/);
    const alike = resultsOf({ variants: variants.map(({ id, settings }) => ({ id, settings })) });
    assert.doesNotMatch(resultsHtml(alike), /<th scope="col">Load<\/th>|some variants have their own/);
    assert.match(wordsOf(alike), /Measured under one load: closed loop, 8 outstanding/);
  });

  it('holds Little’s law against what each has outstanding', () => {
    // The fixture's latencies are those of 8 outstanding: for 16 they are half of what they should be.
    const found = results.diagnostics.find(({ kind }) => kind === "Little's law");
    assert.deepEqual(found?.variantIds, ['more']);
    assert.match(found?.message ?? '', /: 50 %$/);
  });

  it('warns that latencies of other loads say little of the server, where latencies are what is decided on', () => {
    const kinds = (objective: Plan['objective']) =>
      resultsOf({ objective })
        .diagnostics.filter(({ kind }) => kind.startsWith('latency of other'))
        .map(({ kind, variantIds, message }) => [kind, variantIds.join(), message.split(': ').at(-1)]);
    assert.deepEqual(kinds({ kind: 'single', direction: 'minimize', metric: 'latency.p50' }), [
      ['latency of other loads', 'more', '16 against 8'],
      ['latency of other batches', 'both', '4 against 1'],
    ]);
    assert.deepEqual(kinds({ kind: 'single', direction: 'maximize', metric: 'throughput' }), []);
    const terms = [
      { direction: 'maximize', metric: 'throughput', weight: 0.9 },
      { direction: 'minimize', metric: 'latency.mean', weight: 0.1 },
    ] as const;
    assert.equal(kinds({ kind: 'weighted', terms }).length, 2);
  });
});
