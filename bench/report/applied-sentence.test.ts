import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appliedSentence, applyInWords } from './applied-sentence.ts';
import { resultsOf } from './report.fixture.ts';
import { applyReasons, type Results, type VariantResult } from './results.ts';
import { verdictInWords } from './sentence.ts';

type Applied = Results['run']['applied'];

function applied(changes: Partial<Applied>): Results {
  const results = resultsOf('WINNER');
  return { ...results, run: { ...results.run, applied: { ...results.run.applied, ...changes } } };
}

describe('how variants came into force', () => {
  it('is told with what it rests on', () => {
    const told = (changes: Partial<Applied>) => appliedSentence(applied(changes)).replaceAll('\u00a0', ' ');
    assert.equal(
      told({ way: 'colocate', because: 'load-cost', loadRatio: 1.26 }),
      'The variants lay loaded side by side on one server (colocate), and a slice only chose among them: a load for each slice would have taken 126 % of the rest of it, and the copies fit the memory (512 MiB of 8 GiB free).',
    );
    assert.equal(
      told({ because: 'cheap-load', loadRatio: 0.02 }),
      'Each slice loaded its variant anew (reload): a load takes 2 % of the rest of a slice.',
    );
    assert.equal(
      told({ way: 'restart', because: 'asked', loadRatio: null, neededBytes: null, freeBytes: null }),
      'Each slice had a server process of its own (restart): the plan says so.',
    );
    const remote = applied({ way: 'keep', because: 'load-alone' });
    assert.equal(
      appliedSentence({ ...remote, engine: { ...remote.engine, kind: 'remote' } }),
      'The model stayed loaded as the server had it (keep): the variants differ in their load alone.',
    );
    assert.match(told({ because: 'memory', neededBytes: 6.5 * 2 ** 30 }), /\(6\.5 GiB of 8 GiB free\)\.$/);
  });

  it('has words for every reason, and stands among the sentences of each report', () => {
    for (const because of applyReasons) {
      const results = applied({ because, loadRatio: null, neededBytes: null, freeBytes: null });
      assert.doesNotMatch(appliedSentence(results), /undefined|NaN|null/);
      assert(verdictInWords(results).sentences.includes(appliedSentence(results)));
    }
  });

  it('stands beside what the plan says where that left it open', () => {
    const results = applied({ way: 'colocate' });
    const words = (apply: string) => applyInWords({ ...results, plan: { ...results.plan, apply } });
    assert.deepEqual(['auto', 'colocate'].map(words), ['auto: colocate', 'colocate']);
  });
});

describe('a winner that has flags of the server', () => {
  const next = (changes: Partial<Results['config']>): string | undefined => {
    const results = resultsOf('WINNER');
    const differsIn: VariantResult['differsIn'] = ['configuration', 'server'];
    const variants = results.variants.map((each) =>
      each.id === results.verdict.pick
        ? { ...each, differsIn, serverFlags: ['--http-thread-count=16', '--x=a b'] }
        : each,
    );
    return verdictInWords({ ...results, variants, config: { ...results.config, ...changes } }).sentences.at(-1);
  };

  it('is deployed with its config.pbtxt and them', () => {
    assert.equal(
      next({}),
      "Next: put winner.config.pbtxt in the place of the model's config.pbtxt, and start the server with --http-thread-count=16 '--x=a b'.",
    );
  });

  it('is deployed with them alone where its config is the committed one', () => {
    assert.equal(
      next({ baseline: 'same', pick: 'same' }),
      "Next: start the server with --http-thread-count=16 '--x=a b'; config.pbtxt stays as it is.",
    );
  });
});
