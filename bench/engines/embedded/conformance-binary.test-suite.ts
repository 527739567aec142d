import { binary, flower, type HttpCase, type Json, row } from './conformance-case.test-suite.ts';

const bytes = Buffer.from(new Float32Array(row).buffer);
const input = (changes: Json = {}): Json => ({
  name: 'input',
  datatype: 'FP32',
  shape: [1, 4],
  parameters: { binary_data_size: 16 },
  ...changes,
});
const asked = (changes: Json = {}): Json => ({ inputs: [input(changes)], parameters: { binary_data_output: true } });

/** Inferences with raw tensors, right and wrong. */
export const binaryCases: readonly HttpCase[] = [
  binary('binary, one row', asked(), [bytes]),
  binary('binary, four rows', asked({ shape: [4, 4], parameters: { binary_data_size: 64 } }), [
    bytes,
    bytes,
    bytes,
    bytes,
  ]),
  binary('binary in, JSON out', { inputs: [input()] }, [bytes]),
  binary('binary, a byte short', asked(), [bytes.subarray(1)]),
  binary('binary, a byte too many', asked(), [bytes, Buffer.of(1)]),
  binary('binary, no bytes', asked(), []),
  binary('binary, a smaller size than the shape', asked({ parameters: { binary_data_size: 12 } }), [bytes.subarray(4)]),
  binary('binary, a larger size than the shape', asked({ parameters: { binary_data_size: 20 } }), [
    bytes,
    bytes.subarray(12),
  ]),
  binary('binary, size 0', asked({ parameters: { binary_data_size: 0 } }), []),
  binary('binary, negative size', asked({ parameters: { binary_data_size: -16 } }), [bytes]),
  binary('binary, size of text', asked({ parameters: { binary_data_size: '16' } }), [bytes]),
  binary('binary, huge size', asked({ parameters: { binary_data_size: 1e15 } }), [bytes]),
  binary('binary, size and data both', asked({ data: row }), [bytes]),
  binary('binary, wrong shape', asked({ shape: [1, 3], parameters: { binary_data_size: 12 } }), [bytes.subarray(4)]),
  binary('binary, no size', { inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 4] }] }, [bytes]),
  binary('binary, header length 0', asked(), [bytes], '0'),
  binary('binary, header length negative', asked(), [bytes], '-5'),
  binary('binary, header length of text', asked(), [bytes], 'abc'),
  binary('binary, header length with rubbish behind', asked(), [bytes], '12abc'),
  binary('binary, header length beyond the body', asked(), [bytes], '100000'),
  binary('binary, header length huge', asked(), [bytes], '99999999999999999999'),
  binary('binary, header length too short', asked(), [bytes], '10'),
  binary('binary, header length that takes in data', asked(), [bytes], String(JSON.stringify(asked()).length + 4)),
  binary('binary, JSON data with a header length', { inputs: [flower] }, []),
  { ...binary('binary, no header length', asked(), [bytes]), headers: {} },
  {
    ...binary('binary, NaN and infinity', asked(), [
      Buffer.from(new Float32Array([Number.NaN, Number.POSITIVE_INFINITY, 0, -0]).buffer),
    ]),
  },
  {
    ...binary('binary in, JSON out, NaN', { inputs: [input()] }, [
      Buffer.from(new Float32Array([Number.NaN, 1, 0, -0]).buffer),
    ]),
  },
];
