import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Datatype, elementBytes, encodeElements, type Tensor } from '../../kserve/tensors.ts';
import { isLong } from '../../testing/long.ts';
import { plainTarget } from '../transport.ts';
import { encodeInferRequest, messagePrefixBytes } from './infer-request.ts';
import { decodeInferResponse } from './infer-response.ts';
import { messageTypes } from './infer-service.test-suite.ts';
import { Malformed } from './malformed.ts';
import { bytesField, ProtoReader, varint } from './protobuf.ts';

const target = plainTarget({ host: '127.0.0.1', port: 1 }, 'm');
const { readRequest, writeResponse } = messageTypes();

describe('a ModelInferRequest', () => {
  it('is one byte by byte', () => {
    const x: Tensor = { name: 'x', datatype: 'INT8', shape: [1, 2], data: Uint8Array.of(7, 9) };
    const hex = encodeInferRequest(target, [x]).toString('hex');
    assert.equal(hex, '0000000016' + '0a016d' + '2a0d' + '0a0178' + '1204494e5438' + '1a020102' + '3a020709');
  });

  it('is read by protobufjs as what it was', () => {
    const tensor = fc.record({
      name: fc.string(),
      datatype: fc.constantFrom<Datatype>('FP32', 'INT64', 'BYTES'),
      shape: fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: 5 }),
      data: fc.uint8Array({ maxLength: 300 }),
    });
    fc.assert(
      fc.property(fc.array(tensor), fc.string(), fc.option(fc.string({ minLength: 1 })), (inputs, model, version) => {
        const bytes = encodeInferRequest({ ...target, model, modelVersion: version }, inputs);
        assert.equal(bytes.readUInt32BE(1), bytes.byteLength - messagePrefixBytes);
        assert.deepEqual(readRequest(bytes.subarray(messagePrefixBytes)), {
          model_name: wellFormed(model),
          model_version: wellFormed(version ?? ''),
          inputs: inputs.map(({ name, datatype, shape }) => ({
            name: wellFormed(name),
            datatype,
            shape: shape.map(String),
          })),
          raw_input_contents: inputs.map(({ data }) => Buffer.from(data)),
        });
      }),
      { seed: 20_261_123 },
    );
  });
});

describe('a ModelInferResponse', () => {
  const described = (name: string, datatype: string, shape: number[]) => ({ name, datatype, shape });

  it('of raw tensors is read as protobufjs wrote it, with whatever else it holds', () => {
    const message = writeResponse({
      model_name: 'm',
      model_version: '1',
      id: 'an id',
      parameters: { sequence: { int64_param: '-5' }, final: { bool_param: true }, ratio: { double_param: 0.5 } },
      outputs: [
        described('a', 'FP32', [2]),
        { ...described('b', 'BYTES', []), parameters: { x: { string_param: 'y' } } },
      ],
      raw_output_contents: [Buffer.from('0000803f00000040', 'hex'), Buffer.from('02000000ffff', 'hex')],
    });
    assert.deepEqual(decode(message), [
      { ...described('a', 'FP32', [2]), data: Buffer.from(encodeElements('FP32', [1, 2])) },
      { ...described('b', 'BYTES', []), data: Buffer.from('02000000ffff', 'hex') },
    ]);
  });

  const lists: [Datatype, object, string][] = [
    ['BOOL', { bool_contents: [true, false] }, '0100'],
    ['INT8', { int_contents: [-1, 2] }, 'ff02'],
    ['INT16', { int_contents: [-2, 300] }, 'feff2c01'],
    ['INT32', { int_contents: [-1, 2 ** 31 - 1] }, 'ffffffffffffff7f'],
    ['UINT8', { uint_contents: [1, 255] }, '01ff'],
    ['UINT16', { uint_contents: [1, 65_535] }, '0100ffff'],
    ['UINT32', { uint_contents: [1, 2 ** 32 - 1] }, '01000000ffffffff'],
    ['INT64', { int64_contents: ['-1', '9007199254740993'] }, 'ffffffffffffffff0100000000002000'],
    ['UINT64', { uint64_contents: ['1', '18446744073709551615'] }, '0100000000000000ffffffffffffffff'],
    ['FP32', { fp32_contents: [1, -0] }, '0000803f00000080'],
    ['FP64', { fp64_contents: [1, Number.NaN] }, '000000000000f03f000000000000f87f'],
    ['BYTES', { bytes_contents: [Buffer.from('a'), Buffer.alloc(0)] }, '010000006100000000'],
  ];
  for (const [datatype, contents, hex] of lists) {
    it(`of a typed list is read as a raw tensor: ${datatype}`, () => {
      const message = writeResponse({ outputs: [{ ...described('y', datatype, [2]), contents }] });
      assert.deepEqual(decode(message), [{ ...described('y', datatype, [2]), data: Buffer.from(hex, 'hex') }]);
    });
  }

  it('of lists that are not packed is read alike, many elements in no time', () => {
    const count = 200_000;
    const elements = Buffer.alloc(2 * count, Buffer.of(3 * 8, 5));
    const shape = bytesField(3, varint(count));
    const output = Buffer.concat([bytesField(1, 'y'), bytesField(2, 'INT64'), shape, bytesField(5, elements)]);
    const data = Buffer.alloc(8 * count, Buffer.of(5, 0, 0, 0, 0, 0, 0, 0));
    assert.deepEqual(decode(bytesField(5, output)), [{ ...described('y', 'INT64', [count]), data }]);
    const single = Buffer.concat([bytesField(2, 'INT64'), Buffer.of(0x18, 1), bytesField(5, Buffer.of(0x18, 5))]);
    assert.deepEqual(decode(bytesField(5, single))?.[0]?.shape, [1]);
  });

  it('is read across fields that nobody knows', () => {
    const unknown = Buffer.concat([
      Buffer.of(0x78, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), // 15, varint
      Buffer.from('7901020304050607087d01020304', 'hex'), // 15, 64 and 32 bits
      Buffer.from('7b0801' + '7b7c' + '7c', 'hex'), // 15, a group in a group
      bytesField(1000, 'x'),
    ]);
    const y = bytesField(
      5,
      Buffer.concat([bytesField(1, 'y'), unknown, bytesField(2, 'INT8'), bytesField(3, Buffer.of(1))]),
    );
    const message = Buffer.concat([unknown, y, unknown, bytesField(6, Buffer.of(7)), unknown]);
    assert.deepEqual(decode(message), [{ ...described('y', 'INT8', [1]), data: Buffer.of(7) }]);
  });

  const wrong: [string, Readonly<Record<string, unknown>>][] = [
    [
      'fewer bytes than its shape wants',
      { outputs: [described('y', 'FP32', [2])], raw_output_contents: [Buffer.alloc(4)] },
    ],
    ['no bytes', { outputs: [described('y', 'FP32', [2])] }],
    [
      'more tensors than outputs',
      { outputs: [described('y', 'INT8', [1])], raw_output_contents: [Buffer.alloc(1), Buffer.alloc(1)] },
    ],
    [
      'a datatype that there is not',
      { outputs: [described('y', 'FP31', [1])], raw_output_contents: [Buffer.alloc(1)] },
    ],
    [
      'a datatype that objects have',
      { outputs: [described('y', 'constructor', [1])], raw_output_contents: [Buffer.alloc(1)] },
    ],
    ['a dimension below 0', { outputs: [described('y', 'INT8', [-1, -1])], raw_output_contents: [Buffer.alloc(1)] }],
    [
      'a text longer than there is',
      { outputs: [described('y', 'BYTES', [1])], raw_output_contents: [Buffer.from('05000000aa', 'hex')] },
    ],
    ['a text too many', { outputs: [described('y', 'BYTES', [1])], raw_output_contents: [Buffer.alloc(8)] }],
    [
      'a typed list of another type',
      { outputs: [{ ...described('y', 'FP32', [1]), contents: { fp64_contents: [1] } }] },
    ],
    [
      'a tensor both raw and as a list',
      {
        outputs: [{ ...described('y', 'FP32', [1]), contents: { fp32_contents: [1] } }],
        raw_output_contents: [Buffer.alloc(4)],
      },
    ],
  ];
  for (const [what, response] of wrong) {
    it(`has no right form with ${what}`, () => assert.equal(decode(writeResponse(response)), undefined));
  }

  const broken: [string, string][] = [
    ['a field longer than the message', '2a05'],
    ['a length of 6 bytes', '2affffffffff01'],
    ['a length of 2^35', '2affffffff7f'],
    ['a field 0', '0200'],
    ['wire type 6', '0e'],
    ['wire type 7', '0f'],
    ['an integer of 11 bytes', `78${'ff'.repeat(10)}01`],
    ['a group without an end', '7b0801'],
    ['the end of another group', '7b74'],
    ['the end of no group', '7c'],
    ['groups in groups in groups', '7b'.repeat(5000)],
    ['an output that is a number', '2801'],
    ['a shape of 64-bit numbers', '2a0a190000000000000000' + '00'],
    ['a tensor that is a number', '3001'],
  ];
  for (const [what, hex] of broken) {
    it(`is malformed with ${what}`, () => assert.throws(() => decode(Buffer.from(hex, 'hex')), Malformed));
  }

  const caseCount = isLong ? 100_000 : 2_000;
  it(`is read, wrong or malformed, and nothing else, whatever its bytes are (${caseCount} cases)`, () => {
    const valid = writeResponse({
      model_name: 'm',
      parameters: { p: { int64_param: '7' } },
      outputs: [
        { ...described('a', 'FP32', [2, 1]), contents: { fp32_contents: [1, 2] } },
        { ...described('b', 'BYTES', [1]), contents: { bytes_contents: [Buffer.from('xyz')] } },
      ],
      raw_output_contents: [Buffer.alloc(8), Buffer.alloc(4)],
    });
    const change = fc.record({ at: fc.nat(valid.byteLength - 1), value: fc.nat(255), drop: fc.nat(3) });
    const outcomes = { read: 0, wrong: 0, malformed: 0 };
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let bytes = Buffer.from(valid);
        for (const { at, value, drop } of changes) {
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(value), bytes.subarray(at + drop)]);
        }
        try {
          outcomes[decode(bytes) === undefined ? 'wrong' : 'read'] += 1;
        } catch (error) {
          assert(error instanceof Malformed);
          outcomes.malformed += 1;
        }
      }),
      { seed: 20_261_123, numRuns: caseCount },
    );
    assert(Math.min(outcomes.wrong, outcomes.malformed) > caseCount / 20, JSON.stringify(outcomes));
  });

  it('has no more bytes to an element than there are', () => {
    assert.equal(elementBytes.BYTES, undefined);
    assert.equal(
      decode(writeResponse({ outputs: [described('y', 'BYTES', [2 ** 52])], raw_output_contents: [Buffer.alloc(4)] })),
      undefined,
    );
  });
});

function decode(message: Buffer): Tensor[] | undefined {
  return decodeInferResponse(new ProtoReader(message));
}

/** As UTF-8 carries it. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
