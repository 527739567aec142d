import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeByteStrings, decodeElements } from '../../kserve/tensors.ts';
import { model, plain, usage } from './data.fixture.ts';
import { type Range, randomData, zeroData } from './made-up.ts';
import { makeWorkload, plainOptions } from './workload.ts';

const random = (inputs: string[], ranges: [string, Range][] = [], seed = 1) =>
  makeWorkload(randomData(seed, new Map(ranges)), model(inputs), 1).inputs;

describe('random values', () => {
  it('are the same for a seed, and make 64 distinct requests', () => {
    const requests = random(['x FP32 -1,4']);
    assert.deepEqual(random(['x FP32 -1,4']), requests);
    assert.notDeepEqual(random(['x FP32 -1,4'], [], 2), requests);
    assert.equal(requests.length, 64);
    assert.equal(new Set(requests.map(([tensor]) => Buffer.from(tensor?.data ?? []).toString('hex'))).size, 64);
  });

  it('lie in the range of their datatype unless another is asked for', () => {
    const inputs = [
      'f FP32 -1,500',
      'h FP16 -1,500',
      'i INT64 -1,500',
      'b BOOL -1,500',
      'u UINT8 -1,500',
      'w FP64 -1,500',
    ];
    const range: [string, Range][] = [
      ['u', { least: 3, most: 5 }],
      ['w', { least: -Number.MAX_VALUE, most: Number.MAX_VALUE }],
    ];
    const [tensors = []] = random(inputs, range);
    const values = new Map(
      tensors.map(({ name, datatype, data }) => [name, decodeElements(datatype, data).map(Number)]),
    );
    const spanOf = (name: string): [number, number] => {
      const all = values.get(name) ?? [];
      return [Math.min(...all), Math.max(...all)];
    };
    assert.deepEqual(['i', 'b', 'u'].map(spanOf), [
      [0, 9],
      [0, 1],
      [3, 5],
    ]);
    for (const name of ['f', 'h']) {
      const [least, most] = spanOf(name);
      assert.ok(least >= 0 && least < 0.1 && most > 0.9 && most <= 1, name);
    }
    const [least, most] = spanOf('w');
    assert.ok(least < -1e307 && most > 1e307 && Number.isFinite(least) && Number.isFinite(most));
  });

  it('are texts of letters and digits, of the lengths asked for', () => {
    const [[tensor] = []] = random(['t BYTES -1,3']);
    assert.match(plain(tensor ?? assert.fail())[2].join(), /^[A-Za-z0-9]{128},[A-Za-z0-9]{128},[A-Za-z0-9]{128}$/);
    const ranged = random(['t BYTES -1,40'], [['t', { least: 0, most: 2 }]]);
    const lengths = (decodeByteStrings(ranged[0]?.[0]?.data ?? new Uint8Array()) ?? []).map((text) => text.byteLength);
    assert.deepEqual(new Set(lengths), new Set([0, 1, 2]));
  });

  it('fill large tensors', () => {
    const [[bytes] = []] = random(['x UINT8 -1,10000']);
    assert.equal(bytes?.data.byteLength, 10_000);
    assert.equal(bytes?.data[4096], bytes?.data[0]);
    const [[texts] = []] = random(['t BYTES -1,5000'], [['t', { least: 0, most: 3 }]]);
    assert.equal(decodeByteStrings(texts?.data ?? new Uint8Array())?.length, 5000);
  });

  const wrong: [string, string[], [string, Range][], RegExp][] = [
    ['without a size for a dimension', ['x FP32 -1,-1,3'], [], /takes \[-1, 3\] for one example, and nothing says/],
    ['too large for memory', ['x FP32 9007199254740991,9007199254740991'], [], /takes more than 268435456 bytes/],
    ['of texts too large for memory', ['t BYTES -1,1000000'], [['t', { least: 0, most: 1000 }]], /takes more than/],
    ['of a range for no input', ['x FP32 -1,3'], [['y', { least: 0, most: 1 }]], /no input y/],
    ['of a range upside down', ['x FP32 -1,3'], [['x', { least: 1, most: 0 }]], /takes no values from 1 to 0/],
    [
      'of a range beyond the datatype',
      ['x INT8 -1,3'],
      [['x', { least: 0, most: 128 }]],
      /takes no values from 0 to 128/,
    ],
    ['of fractions for integers', ['x INT8 -1,3'], [['x', { least: 0.5, most: 2 }]], /takes no values/],
    ['of texts of a negative length', ['t BYTES -1,3'], [['t', { least: -1, most: 2 }]], /takes no values/],
  ];
  for (const [what, inputs, ranges, message] of wrong) {
    it(`are refused ${what}`, () => assert.throws(() => random(inputs, ranges), usage(message)));
  }

  it('take the sizes asked for', () => {
    const shapes = new Map([['x', [2, 3]]]);
    const { inputs } = makeWorkload(randomData(1, new Map()), model(['x FP32 -1,-1,3']), 4, {
      ...plainOptions,
      shapes,
    });
    assert.deepEqual(inputs[0]?.[0]?.shape, [4, 2, 3]);
  });
});

describe('zeros', () => {
  it('are one request', () => {
    const { inputs } = makeWorkload(zeroData(), model(['x FP32 -1,2', 't BYTES -1,2']), 2);
    assert.deepEqual(
      inputs.map((tensors) => tensors.map(plain)),
      [
        [
          ['x', [2, 2], [0, 0, 0, 0]],
          ['t', [2, 2], ['', '', '', '']],
        ],
      ],
    );
  });
});
