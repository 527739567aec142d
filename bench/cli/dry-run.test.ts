import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { folderState } from '../run/folder-state.fixture.ts';
import { type Ran, tritune } from './host.fixture.ts';
import { variants, Workplace } from './workplace.fixture.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place[Symbol.dispose]());

/** Nothing on PATH and an empty project: there is no engine to start. */
function dryRun(...args: string[]): Promise<Ran> {
  const { folder } = place;
  return tritune(['sweep', ...args, '--dry-run'], { cwd: folder, projectFolder: folder, env: { PATH: folder } });
}

const delayUs = 'dynamic_batching.max_queue_delay_microseconds';
const searching = {
  blocks: null,
  search: {
    strategy: 'grid',
    parameters: { 'instance_group.count': [1, 2, 4], [delayUs]: [0, 100] },
    where: ['instances * 100 <= 300'],
  },
};

describe('tritune sweep --dry-run', () => {
  it('says what would be measured, in which order and for how long, without a server and without leaving a file', async () => {
    const plan = place.plan({
      blocks: 3,
      slicesPerBlock: 2,
      variants: [variants.count2, { id: 'same', settings: { [delayUs]: 0 } }],
    });
    const before = folderState(place.folder);
    const { code, stdout, stderr } = await dryRun(plan);
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(folderState(place.folder), before);
    assert.equal(existsSync(place.reports), false);
    const text = stdout.replaceAll('\u00a0', ' ');
    assert.match(
      text,
      /^given\/plan\.yaml: small, model sklearn-onnx\nobjective: maximize throughput\nconstraints: none\n/,
    );
    assert.match(text, /\n2 variants in the plan: 1 to be measured, 1 merged\n {2}baseline {2}as committed\n/);
    assert.match(text, /\n {2}same {6}merged: it is the same configuration as baseline\n/);
    assert.match(text, /\n {2}round 1: (baseline count-2|count-2 baseline)\n {2}round 2: /);
    assert.match(text, /\n {2}3 blocks of all of them, looked at once, about /);
    assert.match(text, /\nnothing was started: times assume /);
  });

  it('counts those that a condition excludes', async () => {
    const { code, stdout } = await dryRun(place.plan({ ...searching, budget: '10m' }));
    assert.equal(code, 0);
    const text = stdout.replaceAll('\u00a0', ' ');
    // 6 of the grid and count-2 of the list; the grid's own 2 x 0 is that again, 1 x 0 the baseline, and 4 x 100 and 4 x 0 break the condition.
    assert.match(text, /\n7 variants in the plan: 3 to be measured, 2 excluded, 2 merged\n/);
    assert.match(text, /\n {2}count-4_delay-us-100 {2}excluded: the plan leaves it out: not instances \* 100 <= 300\n/);
    assert.match(
      text,
      /\n {2}confirm: at most (\d+) blocks of the baseline and 3, looked at after 8, .*, \1, at most /,
    );
    assert.match(
      text,
      / of the budget of 10 min 0 s\nof the budget 2 min 30 s are kept for a soak, unless blocks without a claim need them\nafter a claim, as the budget allows: at most .* of soak, range and client\ngains of about [\d.]+ % and more would be found, with 80 % power\n/,
    );
  });

  it('tells the stages of a screen for the plan of this repository, which has eleven variants', async () => {
    const { code, stdout } = await tritune(['sweep', '--dry-run']);
    assert.equal(code, 0);
    const text = stdout.replaceAll('\u00a0', ' ');
    assert.match(text, /\n11 variants in the plan: 11 to be measured\n/);
    assert.match(text, /\n {2}screen: 7 blocks to find the best 2 of 11, about /);
    assert.match(
      text,
      /\n {2}confirm: at most (\d+) blocks of the baseline and 2, looked at after 8, 12, .*\1, at most /,
    );
  });

  it('prints the order that the first block then has, whatever the number of slices', async () => {
    const ids = ['a', 'b', 'c', 'd'].map((id, index) => ({ id, settings: { 'instance_group.count': index + 2 } }));
    const rounds = async (slices: number): Promise<string[]> => {
      const { stdout } = await dryRun(place.plan({ variants: ids, seed: 7 }), '--slices', String(slices));
      return stdout.split('\n').filter((line) => line.startsWith('  round '));
    };
    const [four, two] = [await rounds(4), await rounds(2)];
    assert.equal(four.length, 4);
    assert.deepEqual(two, four.slice(0, 2));
  });

  it('names the load of a variant that has its own, and says that the model stays where loads are all that differs', async () => {
    const own = { id: 'more', load: { concurrency: 16, batchSize: 2 } };
    const { stdout } = await dryRun(place.plan({ variants: [own, { id: 'again', load: { concurrency: 2 } }] }));
    assert.match(stdout, /\nload: closed loop, 2 outstanding, batch 1, HTTP; /);
    assert.match(stdout, /\nloaded when the server starts, since the load alone differs; seed 1\n/);
    assert.match(stdout, /\n {2}more +load\.concurrency = 16; load\.batchSize = 2\n/);
    assert.match(stdout, /\n {2}again +merged: it is the same configuration as baseline\n/);
    const mixed = place.plan({ variants: [own, { id: 'count-2', settings: { 'instance_group.count': 2 } }] });
    assert.match(
      (await dryRun(mixed)).stdout,
      /\nput in force by reload, or colocate where loading turns out to cost much; seed 1\n/,
    );
  });

  it('takes what the command line says in place of the plan', async () => {
    const args = ['--margin', '3%', '--alpha', '0.01', '--goal', 'best', '--blocks', '9'];
    const { stdout } = await dryRun(place.plan(), ...args);
    assert.match(stdout.replaceAll('\u00a0', ' '), /\ngoal: best, practical margin 3 %, alpha 1 %\n/);
    assert.match(stdout, /\n {2}9 blocks of all/);
  });

  it('warns of a limit on a percentile that the planned blocks cannot decide', async () => {
    const plan = place.plan({ constraints: { 'latency.p99': { atMost: '20ms' } } });
    const told = async (...args: string[]) => (await dryRun(plan, ...args)).stdout.replaceAll('\u00a0', ' ');
    assert.match(
      await told('--blocks', '8', '--slices', '4'),
      /\nwarning: latency\.p99 at most 20 ms cannot be shown to hold with 8 blocks of 4 slices: .*; measure more: --blocks 15 --slices 4, /,
    );
    assert.doesNotMatch(await told('--blocks', '15', '--slices', '4'), /warning/);
  });

  it('says how many requests the percentile of an objective needs', async () => {
    const told = async (objective: unknown) => (await dryRun(place.plan({ objective }))).stdout.split('\n')[1];
    assert.equal(
      await told({ minimize: 'latency.p99' }),
      'objective: minimize latency.p99, which needs 662 requests in a block',
    );
    assert.equal(
      await told({ weighted: { throughput: 0.7, 'latency.p95': 0.3 } }),
      'objective: weighted 0.7 throughput, 0.3 latency.p95, which needs 130 requests in a block',
    );
    assert.equal(await told({ minimize: 'latency.mean' }), 'objective: minimize latency.mean');
  });

  for (const [what, args, message] of [
    ['a share that is none', ['--margin', 'wide'], /--margin.*write a share such as 2% or 0\.02/],
    ['a margin of everything', ['--margin', '100%'], /--margin.*a margin is below 100%/],
    ['an alpha that claims everything', ['--alpha', '0.5'], /--alpha.*alpha lies between 0\.001 and 0\.2/],
    ['a goal that is none', ['--goal', 'winning'], /--goal.*improve, best/],
    ['a run that goes on', ['--resume', 'reports/x'], /--dry-run.*--resume|--resume.*--dry-run/],
    ['a plan that does not exist', ['given/none.yaml'], /there is no plan given\/none\.yaml/],
  ] as const) {
    it(`refuses ${what} with 2`, async () => {
      const { code, stdout, stderr } = await dryRun(...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }

  it('says how variants come into force, and which of them share a server process', async () => {
    const flagged = { id: 'threads', serverFlags: { 'http-thread-count': 16 } };
    const told = async (apply: string) =>
      (await dryRun(place.plan({ apply, variants: [variants.count2, flagged] }))).stdout;
    const auto = await told('auto');
    assert.match(auto, /\nput in force by reload, or colocate where loading turns out to cost much; seed 1\n/);
    assert.match(auto, /\n {2}threads +server\.http-thread-count = 16\n/);
    const servers = /\n {2}server process 1\n {4}round 1: (.+)\n {2}server process 2\n {4}round 1: (.+)\n/.exec(auto);
    assert.deepEqual([servers?.[1], servers?.[2]].map((ids) => ids?.split(' ').sort().join()).sort(), [
      'baseline,count-2',
      'threads',
    ]);
    assert.doesNotMatch(await told('restart'), /server process/);
  });

  it('refuses what a sweep would refuse before it starts a server', async () => {
    for (const [changes, message] of [
      [{ model: 'none' }, /there is no model none/],
      [{ variants: [{ id: 'v', settings: { 'instance_group.cuont': 2 } }] }, /variant v: .*cuont/],
      [{ load: { input: 'none.csv' } }, /there is no \S+none\.csv/],
      [{ apply: 'hope' }, /apply: apply is one of/],
    ] as const) {
      const { code, stderr } = await dryRun(place.plan(changes));
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});
