import { binary, type HttpCase, type Json, post } from './conformance-case.test-suite.ts';

const path = '/v2/models/text/infer';
const input = (data: unknown, shape: number[]): Json => ({ inputs: [{ name: 'x', datatype: 'BYTES', shape, data }] });
const words = (...list: string[]): Buffer =>
  Buffer.concat(
    list.flatMap((word) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(word));
      return [length, Buffer.from(word)];
    }),
  );
const sized = (bytes: Buffer, rows: number, binaryOutput = true): HttpCase => ({
  ...binary(
    '',
    {
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [rows, 1], parameters: { binary_data_size: bytes.byteLength } }],
      parameters: { binary_data_output: binaryOutput },
    },
    [bytes],
  ),
  path,
});

/** Strings both ways. */
export const textCases: readonly HttpCase[] = [
  post('text, JSON', input(['hello'], [1, 1]), path),
  post('text, JSON, three', input(['a', '', 'ünïcode ☃ 😀'], [3, 1]), path),
  post('text, JSON, nested', input([['a'], ['b']], [2, 1]), path),
  post('text, JSON, control characters', input(['\u0001 "\\ / \n \u2028'], [1, 1]), path),
  post('text, JSON, numbers', input([1], [1, 1]), path),
  post('text, JSON, too few', input(['a'], [2, 1]), path),
  post('text, JSON, too many', input(['a', 'b'], [1, 1]), path),
  post('text, JSON, null', input([null], [1, 1]), path),
  post('text, JSON, five rows', input(['a', 'b', 'c', 'd', 'e'], [5, 1]), path),
  { ...sized(words('hello'), 1), name: 'text, binary' },
  { ...sized(words('hello', '', 'x'), 3), name: 'text, binary, three' },
  { ...sized(words('hello'), 1, false), name: 'text, binary in, JSON out' },
  { ...sized(words('hello').subarray(0, 7), 1), name: 'text, binary, cut' },
  { ...sized(Buffer.concat([words('hello'), Buffer.of(0)]), 1), name: 'text, binary, a byte too many' },
  { ...sized(words('a', 'b'), 1), name: 'text, binary, an element too many' },
  { ...sized(words('a'), 2), name: 'text, binary, an element too few' },
  { ...sized(Buffer.from('ffffffff61', 'hex'), 1), name: 'text, binary, a length beyond the data' },
  { ...sized(Buffer.alloc(0), 1), name: 'text, binary, nothing' },
];
