import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baselineOnly, nothingMeasured, resultsOf, type VerdictKind } from './report.fixture.ts';
import type { Results } from './results.ts';
import { claimsGain, verdictInWords } from './sentence.ts';

/** All words of a verdict, with plain blanks and hyphens. */
function words(results: Results): string[] {
  const { label, headline, sentences, command } = verdictInWords(results);
  return [label, headline, ...sentences, ...(command === null ? [] : [command])].map((text) =>
    text.replaceAll('\u00a0', ' ').replaceAll('\u2212', '-'),
  );
}

const load =
  "Measured under one load: closed loop, 8 outstanding, batch 1, HTTP, engine local 2.51.0 (Triton's own backends); 12 blocks, 3 variants beside the baseline.";
const placed =
  'The server had 14 cores (CPUs 0-13), the client 2 cores of its own (CPUs 14-15): the verdict holds for this set of CPUs.';
const applied = 'Each slice loaded its variant anew (reload): a load takes 3.15 % of the rest of a slice.';
const rate = 'If all variants were equal, at most 5 % of such sweeps would claim a gain.';
const resolved = 'What these blocks can resolve: differences of 4.31 % and more, with 80 % power.';
const deployWinner = "Next: put winner.config.pbtxt in the place of the model's config.pbtxt.";

const expected: Record<VerdictKind, string[]> = {
  WINNER: [
    'Winner',
    'Deploy count-2: the best among those measured, with a gain in throughput of +9.2 % (simultaneous 95 % interval +6.1 % to +12.3 %) over the baseline.',
    load,
    applied,
    placed,
    rate,
    resolved,
    deployWinner,
  ],
  TIED_SET: [
    'Tied set',
    'Deploy count-2: better than the baseline, with a gain in throughput of +7.2 % (simultaneous 95 % interval +4.1 % to +10.4 %); count-2 and count-4 are equal within 2 %, and count-2 is the cheapest of them.',
    load,
    applied,
    placed,
    rate,
    resolved,
    deployWinner,
  ],
  BETTER_TIED_AT_RESOLUTION: [
    'Better, tied at this resolution',
    'Deploy count-4: better than the baseline, with a gain in throughput of +8.5 % (simultaneous 95 % interval +5.4 % to +11.6 %); which of count-2 and count-4 is best is not resolved: these blocks cannot tell differences below ±3.41 % apart.',
    load,
    applied,
    placed,
    rate,
    resolved,
    deployWinner,
  ],
  SHORT_SLICE_BIAS: [
    'Only in short slices',
    'Keep the baseline: count-2 showed a gain of +9.2 % (95 % interval +6.1 % to +12.3 %) in short slices, but in slices of 30 s a gain of -3.1 % (95 % interval -4.2 % to -2.0 %).',
    load,
    applied,
    placed,
    'Soak, 4 pairs of 30 s slices: a gain of -3.1 % (95 % interval -4.2 % to -2.0 %), less than the short slices showed.',
    'Range: holds from 4 to 16 outstanding; turns round at 32; in an open loop of 2 800/s no difference in latency is shown.',
    'Another client: with gRPC and one thread count-4 is ahead of count-2.',
    rate,
    resolved,
    'Next: see what changes in it under steady load (memory, heat, queues), then measure again:',
    'npx tritune sweep configs/iris.yaml --seed 1',
  ],
  NO_IMPROVEMENT: [
    'No improvement',
    'Keep the baseline: the largest gain in throughput still possible among those measured is +1.1 %, within the practical margin of 2 %.',
    load,
    applied,
    placed,
    rate,
    resolved,
    'Next: nothing to change for this load; another load, or other settings, would be a new question.',
  ],
  INCONCLUSIVE: [
    'Inconclusive',
    'Keep the baseline for now: no gain in throughput is shown, but one of up to +5.6 % is still possible among those measured.',
    load,
    applied,
    placed,
    rate,
    resolved,
    'Next: about 14 more blocks (about 4 minutes) would probably decide:',
    'npx tritune sweep configs/iris.yaml --seed 1',
  ],
  INVALID: [
    'Invalid',
    'No verdict: the baseline is unstable: 3 of 4 slices of block 5 had wrong answers.',
    load,
    applied,
    placed,
    'Next: remove the cause, then measure again:',
    'npx tritune sweep configs/iris.yaml --seed 1',
  ],
};

for (const [kind, text] of Object.entries(expected) as [VerdictKind, string[]][]) {
  test(`${kind} is said in these words`, () => assert.deepEqual(words(resultsOf(kind)), text));
}

test('only the three verdicts that claim something name a variant to deploy', () => {
  const claiming = (Object.keys(expected) as VerdictKind[]).filter((kind) => claimsGain(resultsOf(kind)));
  assert.deepEqual(claiming, ['WINNER', 'TIED_SET', 'BETTER_TIED_AT_RESOLUTION']);
});

test('a rehearsal is headed as one, says why its numbers do not carry over, and names no winner', () => {
  const results = resultsOf('WINNER');
  const engine = { ...results.engine, transferable: false, backend: 'python-based onnxruntime backend' };
  const text = words({ ...results, engine });
  assert.deepEqual(text.slice(0, 3), [
    'Rehearsal: one variant ahead',
    'In this rehearsal count-2 is ahead: the best among those measured, with a gain in throughput of +9.2 % (simultaneous 95 % interval +6.1 % to +12.3 %) over the baseline.',
    'This is a rehearsal: it ran on a stand-in (python-based onnxruntime backend), and neither gains nor losses seen there carry over to Triton with its C++ backends.',
  ]);
  assert.equal(text.at(-1), 'Next: run the same plan on the Triton that you deploy.');
  assert.doesNotMatch(text.join(), /winner/i);
});

test('an interrupted run says on how many blocks it rests, and how to measure the rest', () => {
  const results = resultsOf('NO_IMPROVEMENT');
  const text = words({ ...results, run: { ...results.run, complete: false } });
  assert.equal(text[2], 'The run was interrupted after 12 of 24 blocks: all of this rests on those alone.');
  assert.deepEqual(text.slice(-2), ['Next: measure the whole plan:', 'npx tritune sweep configs/iris.yaml --seed 1']);
});

test('a claim in an A/A plan is called a false one, and nothing is to be deployed', () => {
  const results = resultsOf('WINNER');
  const text = words({ ...results, plan: { ...results.plan, expectEqual: true } });
  assert.deepEqual(text, [
    'A/A plan: a false claim',
    'A false claim: count-2 seems better than the baseline, with a gain in throughput of +9.2 % (simultaneous 95 % interval +6.1 % to +12.3 %).',
    'This is an A/A plan, its variants are the same on purpose: the claim is false by construction, as at most 5 % of such sweeps are expected to make one.',
    load,
    applied,
    placed,
    rate,
    resolved,
  ]);
});

test('an A/A plan without a claim says so', () => {
  const results = resultsOf('NO_IMPROVEMENT');
  const text = words({ ...results, plan: { ...results.plan, expectEqual: true } });
  assert.equal(text[0], 'A/A plan: no improvement');
  assert.equal(
    text[2],
    'This is an A/A plan, its variants are the same on purpose: any claim would be a false one, and there is none.',
  );
});

test('the gain of a latency names the latency', () => {
  const results = resultsOf('NO_IMPROVEMENT');
  const text = words(decidedOn(results, 'minimize latency.p99'));
  assert.match(text[1] ?? '', /^Keep the baseline: the largest gain in p99 latency still possible/);
});

test('the gain of a weighted objective names what it weighs', () => {
  const text = words(decidedOn(resultsOf('NO_IMPROVEMENT'), 'weighted 0.7 throughput, 0.3 latency.p99'));
  assert.match(
    text[1] ?? '',
    /^Keep the baseline: the largest gain in the weighted objective \(0\.7 throughput, 0\.3 p99 latency\) still possible/,
  );
});

test('a percentile that the budget does not pay for is said to be another one', () => {
  const results = decidedOn(resultsOf('NO_IMPROVEMENT'), 'minimize latency.p99');
  const text = words({ ...results, verdict: { ...results.verdict, objective: 'minimize latency.p95' } });
  assert.match(text[1] ?? '', /the largest gain in p95 latency/);
  assert.equal(
    text[2],
    'The plan asks for p99 latency; its budget pays for too few requests in a block, so this was decided on p95 latency instead.',
  );
});

test('a goal of the best that was not reached is told; a goal of any gain is', () => {
  const results = resultsOf('BETTER_TIED_AT_RESOLUTION');
  const sentence = 'The plan asks for the best of them, which these blocks do not resolve.';
  assert.equal(words(results).includes(sentence), false);
  assert.equal(words({ ...results, plan: { ...results.plan, goal: 'best' } }).includes(sentence), true);
});

test('a baseline that fails its constraints loses to the pick, whatever the gain', () => {
  const results = resultsOf('WINNER');
  const failing = {
    metric: 'latency.p99',
    atMostNs: 500_000,
    atLeast: null,
    atMostCpuSeconds: null,
    outcome: 'fails',
    value: 0.04,
  } as const;
  const variants = results.variants.map((variant) =>
    variant.baseline ? { ...variant, constraints: [failing] } : variant,
  );
  assert.equal(
    words({ ...results, variants })[1],
    'Deploy count-2: it holds the constraints, which the baseline fails, with a gain in throughput of +9.2 % (simultaneous 95 % interval +6.1 % to +12.3 %) over the baseline.',
  );
});

test('variants that were screened out, and undecided constraints are named', () => {
  const results = resultsOf('NO_IMPROVEMENT');
  const variants = results.variants.map((each) =>
    each.id === 'delay-500' ? { ...each, comparison: null, status: 'screened out' as const } : each,
  );
  const run = { ...results.run, screenBlocks: 7 };
  const text = words({ ...results, run, variants, verdict: { ...results.verdict, undecided: ['count-2', 'count-4'] } });
  assert.ok(
    text.includes(
      'Of 3 variants the best 2 of a screen of 7 blocks went on to fresh blocks; the others were not followed up, and nothing is claimed about them.',
    ),
  );
  assert.ok(text.includes('Whether count-2 and count-4 hold the constraints is undecided.'));
  assert.match(text[1] ?? '', /still possible among the finalists is \+1\.1 %/);
});

test('limits on percentiles that too few slices could show say how many it takes', () => {
  const results = resultsOf('INCONCLUSIVE');
  const told = (blocks: number): string | undefined =>
    words({
      ...results,
      plan: { ...results.plan, constraints: ['latency.p99 at most 20 ms'] },
      run: { ...results.run, slicesPerBlock: 4 },
      verdict: { ...results.verdict, undecided: ['count-2'], blocks },
    }).find((text) => text.startsWith('Whether'));
  assert.equal(
    told(14),
    'Whether count-2 holds the constraints is undecided: a limit on a percentile takes 59 slices of a variant to be shown, and there were 56.',
  );
  assert.equal(told(15), 'Whether count-2 holds the constraints is undecided.');
});

test('a gain that is there, and does not matter by the margin of the plan, is told as one', () => {
  const results = resultsOf('WINNER');
  const told = (practicalMargin: number): boolean =>
    words({ ...results, verdict: { ...results.verdict, practicalMargin } }).includes(
      "Its gain is there, but all of its interval lies within the practical margin of 15 %: by the plan's own measure the change is not worth making.",
    );
  assert.deepEqual([told(0.15), told(0.02)], [true, false]);
});

test('what left as unstable is not among what is bounded', () => {
  const results = resultsOf('NO_IMPROVEMENT');
  const without = (...ids: string[]): string[] =>
    words({
      ...results,
      variants: results.variants.map((each) =>
        ids.includes(each.id)
          ? { ...each, comparison: null, status: 'unstable' as const, reason: 'the client was the limit' }
          : each,
      ),
    });
  assert.ok(
    without('count-4').includes(
      'count-4 left as unstable, and nothing is known of what it would gain (the client was the limit).',
    ),
  );
  assert.ok(
    without('count-4', 'delay-500').includes(
      'count-4 and delay-500 left as unstable, and nothing is known of what they would gain.',
    ),
  );
});

test('codes of reasons become words', () => {
  const results = resultsOf('INCONCLUSIVE');
  const because = (reason: string): string[] => words({ ...results, verdict: { ...results.verdict, reason } });
  assert.ok(because('budget').includes('Why: the budget ended before the data could decide.'));
  assert.equal(because('no-variants')[1], 'Keep the baseline for now: there was nothing to compare it with.');
});

test('the command that goes on is preferred to the one that repeats', () => {
  const results = resultsOf('INCONCLUSIVE');
  const run = { ...results.run, nextCommand: 'npx tritune sweep configs/iris.yaml --blocks 14' };
  assert.equal(words({ ...results, run }).at(-1), 'npx tritune sweep configs/iris.yaml --blocks 14');
});

test('what more blocks than anyone measures would decide comes without a command: the same plan again is a second chance', () => {
  const results = resultsOf('INCONCLUSIVE');
  const verdict = { ...results.verdict, blocksNeeded: 47_528, minutesNeeded: 1_584 };
  assert.equal(verdictInWords({ ...results, verdict }).command, null);
  assert.equal(
    words({ ...results, verdict }).at(-1),
    'Next: keep the baseline; about 47 528 more blocks would be needed to decide, which is more than is worth measuring.',
  );
});

test('a further attempt states its own error and that of all attempts, and who was not screened', () => {
  const results = resultsOf('WINNER');
  const continues = {
    folder: '../first',
    startedAt: '2026-11-19T09:14:03.120Z',
    sha256: '0'.repeat(64),
    alphaOverAttempts: 0.075,
    carried: ['count-2'],
    seeded: 'count-2',
  };
  const second: Results = { ...results, attempt: 2, continues, verdict: { ...results.verdict, alpha: 0.025 } };
  const told = words(second);
  assert.ok(!told.includes(rate));
  assert.ok(
    told.includes(
      'Attempt 2, on fresh blocks alone: if all variants were equal, it would claim a gain in at most 2.5 % of cases, and over both attempts there would be a false claim in at most 7.5 % of cases.',
    ),
    told.join('\n'),
  );
  const third = words({ ...second, attempt: 3, continues: { ...continues, alphaOverAttempts: 0.0875 } });
  assert.ok(
    third.some((text) => text.includes('over all 3 attempts there would be a false claim in at most 8.75 % of')),
  );
  const variants = results.variants.map((each) =>
    each.id === 'count-4' ? { ...each, status: 'screened out' as const } : each,
  );
  const screened = words({ ...second, variants });
  assert.ok(screened.some((text) => text.endsWith('count-2, which led the attempt before, was one of them by right.')));
});

test('a run without variants or without data claims nothing and still has words', () => {
  assert.deepEqual(words(baselineOnly()).slice(0, 2), [
    'Inconclusive',
    'Keep the baseline for now: 1 block is too few to say anything about throughput.',
  ]);
  assert.deepEqual(words(nothingMeasured()).slice(0, 3), [
    'Invalid',
    'No verdict: the measurements cannot be trusted.',
    'The run was interrupted after 0 of 24 blocks: all of this rests on those alone.',
  ]);
});

function decidedOn(results: Results, objective: string): Results {
  return { ...results, plan: { ...results.plan, objective }, verdict: { ...results.verdict, objective } };
}
