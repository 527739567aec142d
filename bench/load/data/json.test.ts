import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelMetadata } from '../../kserve/client.ts';
import { encodeByteStrings, encodeElements } from '../../kserve/tensors.ts';
import { model, plain, usage } from './data.fixture.ts';
import { parseJsonData } from './json.ts';
import { makeWorkload, plainOptions } from './workload.ts';

function requestsOf(text: string, metadata: ModelMetadata, shapes = new Map<string, number[]>()) {
  const { inputs } = makeWorkload(parseJsonData(text, 'd.json'), metadata, 1, { ...plainOptions, shapes });
  return inputs.map((tensors) => tensors.map(plain));
}

const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
const x = model(['x INT32 -1,2']);

describe('input data as perf_analyzer writes it', () => {
  it('is a list of maps from inputs to values, in the order of the model', () => {
    const text = '{"data":[{"b":[1.5],"a":[1,2]},{"a":[3,4],"b":[2.5]}]}';
    assert.deepEqual(requestsOf(text, model(['a INT32 -1,2', 'b FP32 -1,1'])), [
      [
        ['a', [1, 2], [1, 2]],
        ['b', [1, 1], [1.5]],
      ],
      [
        ['a', [1, 2], [3, 4]],
        ['b', [1, 1], [2.5]],
      ],
    ]);
  });

  it('holds streams, which are taken one after the other', () => {
    const text = '{"data":[[{"x":[1,1]},{"x":[2,2]}],[{"x":[3,3]}]]}';
    assert.deepEqual(
      requestsOf(text, x).map(([tensor]) => tensor?.[2][0]),
      [1, 2, 3],
    );
  });

  it('gives values in any nesting, as content with a shape, or as base64', () => {
    const bytes = base64(encodeElements('INT32', [1, -2, 3, 4]));
    const ways = [
      '[1,-2,3,4]',
      '[[1,-2],[3,4]]',
      '{"content":[1,-2,3,4],"shape":[2,2]}',
      `{"b64":"${bytes}"}`,
      `{"b64":"${bytes}","shape":[2,2]}`,
      `{"content":{"b64":"${bytes}"},"shape":[2,2]}`,
      `{"b64":"${bytes.slice(0, 8)}\\n${bytes.slice(8)}"}`,
    ];
    for (const way of ways) {
      const [[tensor] = []] = requestsOf(`{"data":[{"x":${way}}]}`, model(['x INT32 -1,2,2']));
      assert.deepEqual(tensor, ['x', [1, 2, 2], [1, -2, 3, 4]], way);
    }
  });

  it('takes the shape from the data, else the one asked for, else works one dimension out', () => {
    const text = '{"data":[{"x":{"content":[1,2,3,4],"shape":[4,1]}},{"x":[1,2,3,4]}]}';
    const shapes = requestsOf(text, model(['x INT32 -1,-1,-1']), new Map([['x', [1, 4]]])).map(
      ([tensor]) => tensor?.[1],
    );
    assert.deepEqual(shapes, [
      [1, 4, 1],
      [1, 1, 4],
    ]);
    assert.deepEqual(requestsOf('{"data":[{"x":[1,2,3,4]}]}', model(['x INT32 -1,2,-1']))[0]?.[0]?.[1], [1, 2, 2]);
  });

  it('keeps 64-bit integers exactly', () => {
    const text = '{"data":[{"i":[9007199254740993,-9223372036854775808],"u":[18446744073709551615,1]}]}';
    assert.deepEqual(requestsOf(text, model(['i INT64 -1,2', 'u UINT64 -1,2'])), [
      [
        ['i', [1, 2], [9007199254740993n, -9223372036854775808n]],
        ['u', [1, 2], [18446744073709551615n, 1n]],
      ],
    ]);
  });

  it('holds texts, truth values, and numbers of every precision', () => {
    const text = '{"data":[{"t":["ü",""],"b":[true,0],"h":[0.1,"NaN"],"f":["-Infinity",12345678901234567890]}]}';
    assert.deepEqual(requestsOf(text, model(['t BYTES -1,2', 'b BOOL -1,2', 'h FP16 -1,2', 'f BF16 -1,2'])), [
      [
        ['t', [1, 2], ['ü', '']],
        ['b', [1, 2], [1, 0]],
        ['h', [1, 2], [0.0999755859375, Number.NaN]],
        ['f', [1, 2], [Number.NEGATIVE_INFINITY, 2 ** 64 * 0.66796875]],
      ],
    ]);
    const bytes = base64(encodeByteStrings(['a', 'bc']));
    assert.deepEqual(requestsOf(`{"data":[{"t":{"b64":"${bytes}"}}]}`, model(['t BYTES -1,2']))[0]?.[0]?.[2], [
      'a',
      'bc',
    ]);
  });

  it('finds tensors by their own names only', () => {
    const text = '{"data":[{"__proto__":[1,2]}],"validation_data":[{"toString":[3]}]}';
    const metadata = model(['__proto__ INT32 -1,2'], ['toString INT32 -1,1']);
    const { inputs, expected } = makeWorkload(parseJsonData(text, 'd.json'), metadata, 1);
    assert.deepEqual(inputs[0]?.map(plain), [['__proto__', [1, 2], [1, 2]]]);
    assert.deepEqual(expected?.[0]?.map(plain), [['toString', [1, 1], [3]]]);
    assert.throws(() => requestsOf('{"data":[{}]}', model(['toString INT32 -1,1'])), usage(/lacks input toString/));
  });
});

describe('input data as JSON is refused', () => {
  const entry = (value: string): string => `{"data":[{"x":[1,2]},{"x":${value}}]}`;
  const wrong: [string, string, RegExp][] = [
    ['when it is no JSON', '{"data":[', /^d\.json is not JSON: /],
    ['with bare NaN', '{"data":[{"x":[NaN,1]}]}', /^d\.json is not JSON: /],
    ['nested without end', `{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /nested|is \[|no map/],
    [
      'long numbers nested without end',
      `[1234567890123456,${'['.repeat(50_000)}${']'.repeat(50_000)}]`,
      /nested too deep|is no map/,
    ],
    ['as a list', '[{"x":[1,2]}]', /is no map with data/],
    ['as null', 'null', /is no map with data/],
    ['without data', '{}', /d\.json: data is no list/],
    ['with no examples', '{"data":[]}', /data holds no examples/],
    ['with a stream of no examples alone', '{"data":[[]]}', /data holds no examples/],
    ['with a misspelt key', '{"data":[{"x":[1,2]}],"validation":[]}', /d\.json has the key "validation"/],
    ['with streams among examples', '{"data":[{"x":[1,2]},[]]}', /data\[0\] is no list, but others are/],
    ['with an example that is none', '{"data":[{"x":[1,2]},7]}', /data\[1\] is 7, no map/],
    ['with an input missing', '{"data":[{"x":[1,2]},{}]}', /data\[1\] lacks input x/],
    ['with an input too many', '{"data":[{"x":[1,2],"z":[1]}]}', /data\[0\]: model m has no input "z"/],
    ['with __proto__ for an input', '{"data":[{"x":[1,2],"__proto__":[1]}]}', /has no input "__proto__"/],
    ['with a number for a tensor', entry('5'), /data\[1\]: input x is 5, no list of values/],
    ['with a text for a tensor', entry('"1,2"'), /input x is "1,2", no list/],
    ['with null among the numbers', entry('[1,null]'), /input x is INT32, which cannot hold element 2: null/],
    ['with a text among the numbers', entry('[1,"2"]'), /cannot hold element 2: "2"/],
    ['with a map among the numbers', entry('[1,{}]'), /cannot hold element 2: a map/],
    ['with a fraction', entry('[1.5,2]'), /cannot hold element 1: 1\.5/],
    ['with a number out of range', entry('[1,2147483648]'), /cannot hold element 2: 2147483648/],
    ['with a number beyond 64 bits', entry('[1,99999999999999999999]'), /element 2: 99999999999999999999/],
    ['with too few numbers', entry('[1]'), /input x has 1 elements where the shape \[2\] takes 2/],
    ['with a deep nest of numbers', entry(`${'['.repeat(70)}1,2${']'.repeat(70)}`), /nested more than 64 deep/],
    ['with a shape that is none', entry('{"content":[1,2],"shape":[-1]}'), /has the shape \[-1\]/],
    ['with a shape of texts', entry('{"content":[1,2],"shape":["2"]}'), /has the shape \["2"\]/],
    [
      'with the batch in its shape',
      entry('{"content":[1,2],"shape":[1,2]}'),
      /has the shape \[1, 2\] where the model takes \[2\]/,
    ],
    ['with an unknown key', entry('{"content":[1,2],"dtype":"i4"}'), /has the key "dtype"/],
    ['with neither content nor base64', entry('{"shape":[2]}'), /has neither content and b64/],
    ['with both', entry('{"content":[1,2],"b64":""}'), /has both content and b64/],
    ['with base64 that is none', entry('{"b64":"AQAAAAIAAA?="}'), /a b64 that is not base64/],
    ['with base64 that is a number', entry('{"b64":7}'), /a b64 that is no text/],
    ['with base64 of half an element', entry('{"b64":"AQAAAAI="}'), /a b64 of 5 bytes, which are no elements of INT32/],
    ['with base64 of too few', entry('{"b64":"AQAAAA=="}'), /has 1 elements where the shape \[2\] takes 2/],
    [
      'with one expected output for two examples',
      '{"data":[{"x":[1,2]},{"x":[1,2]}],"validation_data":[{}]}',
      /has 1 entries where data has 2/,
    ],
    [
      'with expected outputs that lack one',
      '{"data":[{"x":[1,2]}],"validation_data":[{}]}',
      /validation_data\[0\] lacks output y/,
    ],
    [
      'with expected outputs that are none',
      '{"data":[{"x":[1,2]}],"validation_data":[{"y":[1],"z":[2]}]}',
      /model m has no output "z"/,
    ],
  ];
  const metadata = model(['x INT32 -1,2'], ['y INT32 -1,1']);
  for (const [what, text, message] of wrong) {
    it(what, () => assert.throws(() => makeWorkload(parseJsonData(text, 'd.json'), metadata, 1), usage(message)));
  }

  it('with texts whose lengths do not add up', () => {
    const text = `{"data":[{"t":{"b64":"${base64(Buffer.from('05000000c3', 'hex'))}"}}]}`;
    assert.throws(
      () => requestsOf(text, model(['t BYTES -1,1'])),
      usage(/no elements of BYTES/, /length of each text/),
    );
  });

  it('with too little said of its shape', () => {
    assert.throws(
      () => requestsOf('{"data":[{"x":[1,2]}]}', model(['x INT32 -1,-1,-1'])),
      usage(/x has 2 elements and no shape/, /--shape x:/),
    );
  });

  it('with a shape asked for that the model does not take', () => {
    const asked = (name: string, shape: number[]) => () =>
      requestsOf('{"data":[{"x":[1,2]}]}', x, new Map([[name, shape]]));
    assert.throws(asked('x', [3]), usage(/input x takes \[2\] for one example, not the shape 3/));
    assert.throws(asked('x', [1, 2]), usage(/not the shape 1,2/, /without the batch/));
    assert.throws(asked('y', [2]), usage(/model m has no input y/, /its inputs are x/));
  });

  it('with expected outputs of a model that describes none', () => {
    const text = '{"data":[{"x":[1,2]}],"validation_data":[{"y":[1]}]}';
    assert.throws(() => makeWorkload(parseJsonData(text, 'd.json'), x, 1), usage(/cannot be compared/));
  });
});
