import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { serviceDefinition } from './grpc-definition.ts';
import { inferMessageFault } from './grpc-limits.ts';

const method = serviceDefinition().ModelInfer;
assert(method !== undefined);
const { requestSerialize: written, requestDeserialize: read } = method;
const repeated = (hex: string, count: number): Buffer => Buffer.from(hex.repeat(count), 'hex');
/** A field of a message, as bytes with their length in front. */
const field = (number: number, bytes: Uint8Array): Buffer => {
  const length: number[] = [];
  let rest = bytes.byteLength;
  for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
  return Buffer.concat([Buffer.of((number << 3) | 2, ...length, rest), bytes]);
};

describe('a gRPC inference, before it is read', () => {
  const many = 200_000;
  const bombs: [string, Buffer][] = [
    ['inputs', repeated('2a00', many)],
    ['outputs', repeated('3200', many)],
    ['parameters', repeated('2200', many)],
    ['raw tensors', repeated('3a00', many)],
    ['what no field is', repeated('7a00', many)],
    ['dimensions one by one', field(5, repeated('1800', many))],
    ['parameters of an input', field(5, repeated('2200', many))],
    ['parameters of an output', field(6, repeated('1200', many))],
    ['texts', field(5, field(5, repeated('4200', many)))],
    ['fields among several inputs', Buffer.concat(Array(4).fill(field(5, repeated('1800', many / 4))))],
  ];
  for (const [what, bytes] of bombs) {
    it(`is refused with too many ${what}`, () => {
      assert.match(inferMessageFault(bytes) ?? '', /more than 100000 fields/);
    });
  }

  it('is refused with too many bytes that are no raw tensors, which may be as long as a message', () => {
    assert.equal(inferMessageFault(field(7, Buffer.alloc(40_000_000))), undefined);
    for (const bytes of [field(5, field(5, field(3, Buffer.alloc(17_000_000)))), field(3, Buffer.alloc(17_000_000))]) {
      assert.match(inferMessageFault(bytes) ?? '', /more than 4194304 bytes that are no raw_input_contents/);
    }
  });

  it('is refused where a field is not of its kind, by which it would be read as another', () => {
    for (const hex of ['2800', '0b0c', '2f', '2a0228002a', '3d00000000']) {
      assert.match(inferMessageFault(Buffer.from(hex, 'hex')) ?? '', /wire type/, hex);
    }
  });

  it('is let through where it is what clients write', () => {
    const tensor = { name: 'x', datatype: 'FP32', shape: ['1', '4'] };
    const parameters = { a: { int64_param: '-1' }, b: { string_param: 'x' }, c: { double_param: 0.5 } };
    const contents = {
      bool_contents: [true],
      int_contents: [-1],
      int64_contents: ['-1', '1'],
      uint_contents: [1],
      uint64_contents: ['18446744073709551615'],
      fp32_contents: Array(100_000).fill(0.5),
      fp64_contents: [0.5],
      bytes_contents: [Buffer.from('x')],
    };
    const message = written({
      model_name: 'm',
      model_version: '1',
      id: 'i',
      parameters,
      inputs: [tensor, { ...tensor, contents, parameters }],
      outputs: [{ name: 'y', parameters }],
      raw_input_contents: [Buffer.alloc(16)],
    });
    assert.equal(inferMessageFault(message), undefined);
    // Not packed, as it may also be written.
    assert.equal(inferMessageFault(field(5, Buffer.from('18011804', 'hex'))), undefined);
    assert.equal(
      inferMessageFault(
        field(
          5,
          field(5, Buffer.from('0801 1001 1801 2001 2801 3500000000 390000000000000000'.replaceAll(' ', ''), 'hex')),
        ),
      ),
      undefined,
    );
  });

  it('is never more to the decoder than it was to the check', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        let decoded: { inputs?: unknown[] } = {};
        try {
          if (inferMessageFault(bytes) === undefined) decoded = read(Buffer.from(bytes)) as { inputs?: unknown[] };
        } catch {}
        assert((decoded.inputs?.length ?? 0) <= bytes.byteLength / 2);
      }),
      { seed: 9, numRuns: 2_000 },
    );
  });
});
