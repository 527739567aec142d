import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { decodeInferenceResponse, encodeInferenceRequest } from './inference.ts';
import { encodeElements, type Tensor } from './tensors.ts';

const x: Tensor = { name: 'x', datatype: 'FP32', shape: [1, 2], data: encodeElements('FP32', [1, 2]) };
const ids: Tensor = { name: 'ids "é"', datatype: 'INT64', shape: [1], data: encodeElements('INT64', [7n]) };

/** An answer with that JSON header and those bytes behind it. */
function answer(header: unknown, ...data: Uint8Array[]): [Uint8Array, number] {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  return [Buffer.concat([json, ...data]), json.byteLength];
}

function output({ name, datatype, shape, data }: Tensor, changes: object = {}): object {
  return { name, datatype, shape, parameters: { binary_data_size: data.byteLength }, ...changes };
}

describe('an inference request', () => {
  it('is a JSON header, then the tensors one after the other', () => {
    const { body, headerBytes } = encodeInferenceRequest([x, ids]);
    assert.deepEqual(JSON.parse(Buffer.from(body.subarray(0, headerBytes)).toString()), {
      inputs: [
        { name: 'x', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: 8 } },
        { name: 'ids "é"', shape: [1], datatype: 'INT64', parameters: { binary_data_size: 8 } },
      ],
      parameters: { binary_data_output: true },
    });
    assert.deepEqual(Buffer.from(body.subarray(headerBytes)), Buffer.concat([x.data, ids.data]));
  });
});

describe('an inference answer', () => {
  it('gives its tensors', () => {
    const tensors = decodeInferenceResponse(...answer({ outputs: [output(ids), output(x)] }, ids.data, x.data));
    assert.deepEqual(
      tensors.map((tensor) => ({ ...tensor, data: Uint8Array.from(tensor.data) })),
      [ids, x],
    );
  });

  it('may hold no outputs, an empty one, and text of any size', () => {
    assert.deepEqual(decodeInferenceResponse(...answer({ outputs: [] })), []);
    const empty = { ...x, shape: [0, 2], data: new Uint8Array() };
    const text: Tensor = { name: 't', datatype: 'BYTES', shape: [1], data: Buffer.from('\x03\0\0\0abc') };
    const tensors = decodeInferenceResponse(...answer({ outputs: [output(empty), output(text)] }, text.data));
    assert.deepEqual(
      tensors.map(({ data }) => data.byteLength),
      [0, 7],
    );
  });

  const wrong: [string, [Uint8Array, number], RegExp][] = [
    ['that is no JSON', answer('{"outputs":', x.data), /its header is not JSON/],
    ['that is null', answer('null'), /it has no outputs/],
    ['that is an error', answer({ error: 'x' }), /it has no outputs/],
    ['whose outputs are no list', answer({ outputs: { 0: output(x), length: 1 } }, x.data), /it has no outputs/],
    ['with an output that is none', answer({ outputs: [null] }), /lacks its name/],
    ['with a name that is none', answer({ outputs: [output(x, { name: 7 })] }, x.data), /lacks its name/],
    [
      'with a datatype that there is not',
      answer({ outputs: [output(x, { datatype: '__proto__' })] }, x.data),
      /datatype/,
    ],
    ['with a shape that is none', answer({ outputs: [output(x, { shape: [1, '2'] })] }, x.data), /shape/],
    ['with a negative dimension', answer({ outputs: [output(x, { shape: [-1, -2] })] }, x.data), /shape/],
    ['with a fraction for a dimension', answer({ outputs: [output(x, { shape: [0.5, 4] })] }, x.data), /shape/],
    ['without a size', answer({ outputs: [output(x, { parameters: {} })] }, x.data), /no binary_data_size/],
    [
      'with values in its JSON',
      answer({ outputs: [output(x, { parameters: undefined, data: [1, 2] })] }),
      /no binary_data_size/,
    ],
    [
      'with a negative size',
      answer({ outputs: [output(x, { parameters: { binary_data_size: -8 } })] }),
      /no binary_data_size/,
    ],
    [
      'whose outputs are empty where its shape says otherwise',
      answer({ outputs: [output(x, { parameters: { binary_data_size: 0 } })] }),
      /output x of shape \[1,2\] carries 0 bytes/,
    ],
    [
      'with texts missing',
      answer({ outputs: [output(x, { datatype: 'BYTES', parameters: { binary_data_size: 0 } })] }),
      /output x of shape \[1,2\] does not carry so many texts/,
    ],
    [
      'with a text that is cut off',
      answer(
        { outputs: [output(x, { datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 5 } })] },
        Buffer.from('02000000c3', 'hex'),
      ),
      /does not carry so many texts/,
    ],
    ['with fewer bytes than announced', answer({ outputs: [output(x)] }, x.data.subarray(1)), /bytes where the header/],
    [
      'with more bytes than announced',
      answer({ outputs: [output(x)] }, x.data, Buffer.of(0)),
      /bytes where the header/,
    ],
    ['whose header ends too early', [answer({ outputs: [output(x)] }, x.data)[0], 5], /not JSON/],
  ];
  for (const [what, [body, headerBytes], message] of wrong) {
    it(`${what} is refused`, () =>
      assert.throws(
        () => decodeInferenceResponse(body, headerBytes),
        (error) => error instanceof Failure && error.exitCode === 4 && message.test(error.message),
      ));
  }
});
