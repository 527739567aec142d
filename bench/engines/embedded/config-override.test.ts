import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readOverride } from './config-override.ts';
import { CoreError } from './failures.ts';

describe('the JSON of a load request', () => {
  it('is a config in either spelling of its fields', () => {
    const snake = {
      max_batch_size: 3,
      dynamic_batching: { preferred_batch_size: ['2', 3] },
      input: [{ dims: ['-1'] }],
    };
    const camel = { maxBatchSize: 3, dynamicBatching: { preferredBatchSize: ['2', 3] }, input: [{ dims: ['-1'] }] };
    const expected = { max_batch_size: 3, dynamic_batching: { preferred_batch_size: [2, 3] }, input: [{ dims: [-1] }] };
    assert.deepEqual(readOverride(JSON.stringify(snake)), expected);
    assert.deepEqual(readOverride(JSON.stringify(camel)), expected);
    assert.deepEqual(readOverride('{}'), {});
  });

  it('keeps every digit of 64-bit numbers, as text where a double cannot hold them', () => {
    const greatest = '18446744073709551615';
    for (const written of [greatest, `"${greatest}"`]) {
      const text = `{"dynamic_batching":{"max_queue_delay_microseconds":${written}}}`;
      assert.deepEqual(readOverride(text), { dynamic_batching: { max_queue_delay_microseconds: greatest } });
    }
    const versions = '["9223372036854775807",-9223372036854775808]';
    assert.deepEqual(readOverride(`{"version_policy":{"specific":{"versions":${versions}}}}`), {
      version_policy: { specific: { versions: ['9223372036854775807', '-9223372036854775808'] } },
    });
  });

  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const wrong: [string, RegExp][] = [
    ['{', /Invalid config override: /],
    ['[]', /: : Root element must be a message\./],
    ['null', /Root element/],
    ['{"no_such":1}', /: no_such: Cannot find field\.$/],
    ['{"dynamic_batching":{"no_such":1}}', /: \(dynamic_batching\) no_such: Cannot find field\.$/],
    ['{"max_batch_size":"nine"}', /: \(max_batch_size\): invalid value "nine" for type TYPE_INT32$/],
    ['{"max_batch_size":2147483648}', /invalid value 2147483648 for type TYPE_INT32/],
    ['{"max_batch_size":1.5}', /invalid value 1.5/],
    ['{"dynamic_batching":{"max_queue_delay_microseconds":-1}}', /invalid value -1 for type TYPE_UINT64/],
    [
      '{"dynamic_batching":{"max_queue_delay_microseconds":18446744073709551616}}',
      /invalid value 18446744073709551616 for/,
    ],
    [
      '{"dynamic_batching":{"max_queue_delay_microseconds":"18446744073709551616"}}',
      /invalid value "18446744073709551616"/,
    ],
    ['{"max_batch_size":"0x10"}', /invalid value "0x10" for type TYPE_INT32/],
    ['{"max_batch_size":[1]}', /invalid value \[\.\.\.\]/],
    [`{"max_batch_size":${deep}}`, /nested too deeply/],
    [`{"input":${deep}}`, /nested too deeply/],
    ['{"input":"x"}', /: \(input\[0\]\): invalid value "x" for type type.googleapis.com\/inference.ModelInput$/],
    [
      '{"instance_group":[{"kind":"KIND_NO"}]}',
      /\(instance_group\[0\]\.kind\): invalid value "KIND_NO" for type .*Kind$/,
    ],
    ['{"maxBatchSize":1,"max_batch_size":1}', /there twice/],
    ['{"__proto__":{"max_batch_size":1}}', /__proto__: Cannot find field/],
    ['{"parameters":{"__proto__":{"string_value":1}}}', /invalid value 1/],
  ];
  for (const [text, reason] of wrong) {
    it(`is refused: ${text.slice(0, 100)}`, () => {
      assert.throws(
        () => readOverride(text),
        (error) => error instanceof CoreError && reason.test(error.message),
      );
    });
  }

  it('is a config or a refusal, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json({ maxDepth: 4 })), (text) => {
        try {
          assert.equal(typeof readOverride(text), 'object');
        } catch (error) {
          assert(error instanceof CoreError);
        }
      }),
      { seed: 3, numRuns: 500 },
    );
    assert.equal(Object.hasOwn(Object.prototype, 'max_batch_size'), false);
  });
});
