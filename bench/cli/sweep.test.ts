import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { onlyLong } from '../testing/long.ts';
import { requires } from '../testing/requires.ts';
import { projectFolder } from './host.fixture.ts';
import { escapes, measuring, variants, Workplace } from './workplace.fixture.ts';

describe('tritune sweep', requires('triton'), () => {
  it('measures what the plan names, goes on without a variant that Triton refuses, and tells the verdict and the report', () =>
    measuring(async (place) => {
      place.slowed();
      const plan = place.plan({ variants: [variants.count2, variants.refused] });
      const { code, stdout, stderr } = await place.run('sweep', plan);
      assert.equal(code, 0, stderr);
      const folder = place.runFolder();
      assert.match(folder, /\/\d{8}T\d{6}Z-small$/);
      assert.match(stdout, /^Rehearsal: /);
      assert(stdout.endsWith(`\nreport: ${folder.slice(place.folder.length + 1)}/index.html\n`));
      assert.doesNotMatch(stdout + stderr, escapes);
      assert.doesNotMatch(stdout, /starting the server|slice 1\//);
      assert.match(stderr, /^starting the server\nlooking at baseline\n/);
      assert.match(
        stderr,
        /\nlocal engine, Triton 2\.51\.0, .*; 1 variant and the baseline \(1 refused\); 2 blocks with 1 slice of each/,
      );
      assert.match(stderr, /\nblock 2\/2, slice 1\/2: /);
      const { engine, variants: rows, run, verdict } = place.results();
      assert.deepEqual(
        [engine.kind, engine.version, engine.backend, engine.transferable],
        ['local', '2.51.0', 'python-based onnxruntime backend', false],
      );
      assert.deepEqual(
        rows.map(({ id, status, proof }) => [id, status, proof]),
        [
          ['baseline', 'measured', []],
          ['count-2', 'measured', [{ path: 'instance_group.count', status: 'verified' }]],
          ['refused', 'refused', []],
        ],
      );
      assert.match(rows[2]?.reason ?? '', /nope/);
      // Two blocks never earn a claim.
      assert.deepEqual(
        [verdict.kind, verdict.pick, verdict.blocks, run.complete],
        ['INCONCLUSIVE', 'baseline', 2, true],
      );
      assert.deepEqual(readdirSync(folder).sort(), [
        'histograms',
        'index.html',
        'journal.jsonl',
        'results.csv',
        'results.json',
        'run.json',
        'summary.md',
      ]);
    }));

  it('prints JSON of the published shape alone with --json, nothing else with --quiet, into the folder of --out', () =>
    measuring(async (place) => {
      place.slowed();
      const args = ['--out', 'out', '--json', '--quiet', '--blocks', '1', '--require-winner'];
      const { code, stdout, stderr } = await place.run('sweep', place.plan({ expectEqual: true }), ...args);
      assert.deepEqual([code, stderr], [5, '']);
      const schema = JSON.parse(readFileSync(join(projectFolder, 'schema', 'results.schema.json'), 'utf8'));
      const validate = new Ajv2020().compile(schema);
      assert.equal(validate(JSON.parse(stdout)), true, JSON.stringify(validate.errors));
      assert.equal(stdout, readFileSync(join(place.folder, 'out', 'results.json'), 'utf8'));
      assert.doesNotMatch(stdout, escapes);
    }));

  it('names the variant that frees requests from a queue delay of 10 ms, as an edit of the committed file', () =>
    measuring(async (place) => {
      place.editConfig(
        'dynamic_batching { }',
        'dynamic_batching {\n  # Far too long.\n  max_queue_delay_microseconds: 10000\n}',
      );
      const committed = readFileSync(place.configFile, 'utf8');
      const plan = place.plan({ variants: [variants.noDelay], blocks: 5 });
      const { code, stdout, stderr } = await place.runHere('sweep', plan, '--require-winner');
      assert.equal(code, 0, stdout + stderr);
      const { verdict, variants: rows } = place.results();
      assert.deepEqual([verdict.kind, verdict.pick, verdict.bestSet], ['WINNER', 'no-delay', ['no-delay']]);
      // 2 requests in 10 ms and more are 200/s at the most.
      const [baseline, winner] = rows;
      assert((baseline?.throughput.point ?? 0) <= 202);
      assert((winner?.comparison?.gain.lower ?? 0) > 1);
      assert.match(stdout, /^Rehearsal: one variant ahead: small: sklearn-onnx\n\nIn this rehearsal no-delay is ahead/);
      const edited = readFileSync(join(place.runFolder(), 'rehearsal.config.pbtxt'), 'utf8');
      assert.equal(edited, committed.replace('microseconds: 10000', 'microseconds: 0'));
      assert(
        edited.includes('# Far too long.') && edited.includes('# The baseline: what every variant is compared with'),
      );
    }));

  it('ends about when its budget does', () =>
    measuring(async (place) => {
      place.slowed();
      const startMs = performance.now();
      const plan = place.plan({ blocks: 100, slicesPerBlock: 4, variants: [variants.count2, variants.longDelay] });
      const { code, stderr } = await place.run('sweep', plan, '--budget', '9s');
      assert.equal(code, 0, stderr);
      // Its blocks would take minutes.
      assert(performance.now() - startMs < 25_000);
      const { run, plan: planned } = place.results();
      assert.equal(planned.budgetMs, 9_000);
      assert(run.blocksPlanned < 100);
      assert.deepEqual([run.slicesPerBlock, run.complete], [1, true]);
      assert.match(run.command, /^npm run sweep -- given\/plan\.yaml --budget 9s$/);
      assert.match(stderr, /the budget of 9.s allows no more than that/);
    }));

  it('says that a budget is too short to measure anything, instead of a verdict on nothing', async () => {
    using place = new Workplace();
    const { code, stdout, stderr } = await place.runHere('sweep', place.plan(), '--budget', '1s');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /inconclusive.*\n\nKeep the baseline for now: 0 blocks are too few/);
    assert.deepEqual(
      place.results().variants.map(({ status }) => status),
      ['unmeasured', 'unmeasured'],
    );
  });

  it('makes no claim between equal variants, three times over', onlyLong, async () => {
    const kinds: string[] = [];
    for (let seed = 1; seed <= 3; seed += 1) {
      using place = new Workplace();
      const equal = ['same-1', 'same-2', 'same-3'].map((id) => ({ id }));
      const plan = place.plan({ expectEqual: true, variants: equal, blocks: 8, slicesPerBlock: 2, seed });
      const { code, stderr } = await place.run('sweep', plan);
      assert.equal(code, 0, stderr);
      kinds.push(place.results().verdict.kind);
    }
    // 5 % each by construction: two of three would be a fault in one of 140 runs of this test.
    assert(kinds.filter((kind) => kind !== 'INCONCLUSIVE' && kind !== 'NO_IMPROVEMENT').length <= 1, kinds.join());
  });
});
