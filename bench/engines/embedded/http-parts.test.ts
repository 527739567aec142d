import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { ChunkedBody } from './http-chunked.ts';
import { BodyParts } from './http-parts.ts';
import { HttpReader } from './http-reader.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heldBytes(fill: () => object): number {
  const used = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  const held = fill();
  const after = used();
  assert(held);
  return after - before;
}

it('parts give back all that was put in, in its order', () => {
  const pieces = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.nat(40_000).map(filled)), { maxLength: 30 });
  fc.assert(
    fc.property(pieces, pieces, (first, second) => {
      const parts = new BodyParts();
      for (const given of [first, second]) {
        for (const piece of given) parts.push(Buffer.from(piece));
        assert.equal(
          parts.byteLength,
          given.reduce((sum, { byteLength }) => sum + byteLength, 0),
        );
        assert(parts.take().equals(Buffer.concat(given)));
        assert.equal(parts.byteLength, 0);
      }
    }),
    { seed: 7, numRuns: 200 },
  );
});

it('a body in pieces of one byte takes little more memory than its bytes', () => {
  const count = 200_000;
  const chunks = Buffer.from('1\r\nx\r\n'.repeat(count));
  const inChunks = heldBytes(() => {
    const body = new ChunkedBody();
    assert.equal(body.push(chunks), chunks.byteLength);
    assert.equal(body.byteLength, count);
    return body;
  });
  assert(inChunks < 5 * count, `chunks: ${inChunks} bytes for ${count}`);
  const inPackets = heldBytes(() => {
    const reader = new HttpReader({ headBytes: 1000, bodyBytes: 1e6 });
    reader.push(Buffer.from('POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n'));
    const packets = Buffer.alloc(count);
    for (let at = 0; at < count; at += 1) {
      reader.push(packets.subarray(at, at + 1));
      assert.equal(reader.read(), undefined);
    }
    return reader;
  });
  assert(inPackets < 5 * count, `packets: ${inPackets} bytes for ${count}`);
});

function filled(length: number): Uint8Array {
  return new Uint8Array(length).fill(length % 251);
}
