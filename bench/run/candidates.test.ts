import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { parseConfig, toPlain } from '../modelconfig/config.ts';
import type { Variant } from '../plan/plan.ts';
import { costOf, makeCandidates } from './candidates.ts';
import { proveSettings } from './proof.ts';
import type { ModelSource } from './repository.ts';
import { syntheticRun } from './run.fixture.ts';

const configText = `# kept
name: "m"
backend: "onnxruntime"
max_batch_size: 8
instance_group [ { kind: KIND_CPU count: 2 } ] # kept too
`;
const configFile = '/models/m/config.pbtxt';
const source: ModelSource = {
  folder: '/models/m',
  configFile,
  configText,
  config: toPlain(parseConfig(configText, configFile)),
};
const { plan } = syntheticRun({ arms: [{ id: 'baseline', ratio: 1 }], blocks: 1, sd: 0 }).record;

describe('candidates', () => {
  it('are the committed text itself, then one edit of it for each variant, comments kept', () => {
    const [baseline, four, ...others] = candidates({ id: 'four', settings: { 'instance_group.count': 4 } });
    assert.deepEqual(others, []);
    assert.deepEqual([baseline?.variant.id, baseline?.configText], ['baseline', configText]);
    assert.equal(four?.configText, configText.replace('count: 2', 'count: 4'));
    assert.equal(four?.config.instance_group?.[0]?.count, 4);
  });

  const refused: [settings: Variant['settings'], message: RegExp, hint: RegExp][] = [
    [{ 'instance_group.cuont': 4 }, /^variant v: .*cuont/, /count/],
    [{ 'instance_group.count': -1 }, /^variant v: .*-1/, /./],
    [
      { 'instance_group.count': 2, instance_group: [{ count: 1 }] },
      /^variant v: settings instance_group and .*count overlap/,
      /./,
    ],
    [{ dynamic_batching: null, 'dynamic_batching.max_queue_delay_microseconds': 5 }, /^variant v: .*overlap/, /./],
    [{ 'instance_group.count': 2 }, /^no variant is left/, /^v: it is the same configuration as baseline$/],
    [{ 'parameters.intra_op_thread_cout': 1 }, /^variant v: .*intra_op_thread_cout/, /intra_op_thread_count/],
    [{ __proto__x: 1 }, /^variant v: .*__proto__x/, /./],
    [JSON.parse('{"__proto__": 1}'), /^variant v: .*__proto__/, /./],
    [{ max_batch_size: 'many' }, /^variant v: .*max_batch_size/, /./],
  ];
  for (const [settings, message, hint] of refused) {
    it(`name the variant and the field where ${JSON.stringify(settings)} cannot be set`, () => {
      assert.throws(
        () => candidates({ id: 'v', settings }),
        (error) => {
          assert(error instanceof Failure);
          assert.equal(error.exitCode, 2);
          assert.match(error.message, message);
          assert.match(error.hint ?? 'none', hint);
          return true;
        },
      );
    });
  }

  it('are each measured once under their first name, and not where the plan leaves them out', () => {
    const count = (id: string, value: number): Variant => ({ id, settings: { 'instance_group.count': value } });
    const variants = [count('two', 2), count('four', 4), count('again', 4), count('many', 9)];
    const conditions = ['instances <= cores * 2'];
    const { measured, setAside } = makeCandidates({ ...plan, variants, conditions }, source, 4);
    assert.deepEqual(
      measured.map(({ variant }) => variant.id),
      ['baseline', 'four'],
    );
    assert.deepEqual(
      setAside.map(({ variantId, status, reason }) => [variantId, status, reason]),
      [
        ['two', 'merged', 'it is the same configuration as baseline'],
        ['again', 'merged', 'it is the same configuration as four'],
        ['many', 'excluded', 'the plan leaves it out: not instances <= cores * 2'],
      ],
    );
    const equal = makeCandidates({ ...plan, variants: variants.slice(0, 2), expectEqual: true }, source, 4);
    assert.equal(equal.measured.length, 3);
  });

  it('of one configuration are apart under other loads, and one under the same load', () => {
    const variants = [
      { id: 'more', settings: {}, load: { concurrency: 16 } },
      { id: 'again', settings: {}, load: { concurrency: 16, batchSize: 1 } },
      { id: 'planned', settings: {}, load: { concurrency: 8 } },
      { id: 'spelled-out', settings: { 'instance_group.count': 2, version_policy: null }, load: { batchSize: 2 } },
      { id: 'four', settings: { 'instance_group.count': 4 }, load: { concurrency: 16 } },
      { id: 'many', settings: {}, load: { concurrency: 64 } },
      { id: 'rows', settings: {}, load: { batchSize: 5 } },
    ];
    const conditions = ['load.concurrency <= 16 * instances', 'load.batchSize * 2 <= max_batch_size'];
    const { measured, setAside } = makeCandidates({ ...plan, variants, conditions }, source, 4);
    assert.deepEqual(
      measured.map(({ variant: { id }, configText: text }) => [id, text === configText]),
      [
        ['baseline', true],
        ['more', true],
        ['spelled-out', true],
        ['four', false],
      ],
    );
    assert.deepEqual(
      setAside.map(({ variantId, reason }) => [variantId, reason]),
      [
        ['again', 'it is the same configuration and load as more'],
        ['planned', 'it is the same configuration as baseline'],
        ['many', 'the plan leaves it out: not load.concurrency <= 16 * instances'],
        ['rows', 'the plan leaves it out: not load.batchSize * 2 <= max_batch_size'],
      ],
    );
  });

  it('do not blame a variant for a committed config that is broken', () => {
    assert.throws(
      () => makeCandidates(plan, { ...source, configText: 'name: "m"\nnmae: "m"\n' }, 4),
      (error) => error instanceof Failure && error.exitCode === 2 && error.message.startsWith(`${configFile}:2:`),
    );
  });
});

describe('what a variant costs', () => {
  it('is its instances, the threads of all of them, and its queue delay', () => {
    const cost = (text: string): number[] => costOf(toPlain(parseConfig(text, configFile)), 16);
    const threads = (value: string) => `parameters { key: "intra_op_thread_count" value { string_value: "${value}" } }`;
    assert.deepEqual(cost(''), [1, 16, 0]);
    assert.deepEqual(cost('instance_group [ { count: 2 }, { count: 3 } ]'), [5, 80, 0]);
    assert.deepEqual(cost(`instance_group [ { } ] ${threads('4')}`), [1, 4, 0]);
    for (const all of ['0', '', 'x', '-1']) assert.deepEqual(cost(threads(all)), [1, 16, 0]);
    assert.deepEqual(cost('dynamic_batching { max_queue_delay_microseconds: 700 }'), [1, 16, 700]);
  });
});

describe('flags of the server', () => {
  const variant = (id: string, threads: number, settings: Variant['settings'] = {}): Variant => ({
    id,
    settings: { ...settings, 'server.http-thread-count': threads },
  });

  it('make a variant that is none of config.pbtxt, merged with another only where both are the same', () => {
    const made = makeCandidates(
      {
        ...plan,
        variants: [variant('a', 4), variant('b', 8), variant('c', 4), { id: 'd', settings: { 'server.x': null } }],
      },
      source,
      4,
    );
    assert.deepEqual(
      made.measured.map(({ variant: { id }, configText }) => [id, configText === source.configText]),
      [
        ['baseline', true],
        ['a', true],
        ['b', true],
      ],
    );
    assert.deepEqual(made.setAside, [
      { variantId: 'c', status: 'merged', reason: 'it is the same configuration as a' },
      { variantId: 'd', status: 'merged', reason: 'it is the same configuration as baseline' },
    ]);
  });

  it('can be bound by a condition, with what the variant has none of as 0', () => {
    const made = makeCandidates(
      { ...plan, conditions: ['server.http-thread-count * 2 <= cores'], variants: [variant('a', 2), variant('b', 3)] },
      source,
      4,
    );
    assert.deepEqual(
      made.measured.map(({ variant: { id } }) => id),
      ['baseline', 'a'],
    );
    assert.equal(made.setAside[0]?.reason, 'the plan leaves it out: not server.http-thread-count * 2 <= cores');
  });
});

describe('the proof of a setting', () => {
  const proofs = (settings: Variant['settings'], log: readonly string[] = []) =>
    proveSettings({ variant: { id: 'v', settings }, configText: '', config: source.config }, log);

  it('is that the server reported the field back', () => {
    assert.deepEqual(proofs({ 'instance_group.count': 2, dynamic_batching: null }), [
      { path: 'instance_group.count', status: 'verified' },
      { path: 'dynamic_batching', status: 'verified' },
    ]);
  });

  it('is for a parameter only what the backend logs of it, value by value', () => {
    const path = 'parameters.intra_op_thread_count';
    const status = (log: string[]) => proofs({ [path]: 2 }, log)[0]?.status;
    assert.equal(status(['I1123 model m: intra_op_thread_count=2, inter_op_thread_count=1']), 'observed');
    assert.equal(status(['intra_op_thread_count=20']), 'accepted, effect unknown');
    assert.equal(status(['xintra_op_thread_count=2']), 'accepted, effect unknown');
    assert.equal(status([]), 'accepted, effect unknown');
  });
});

function candidates(...variants: Variant[]) {
  return makeCandidates({ ...plan, variants }, source, 4).measured;
}
