import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeElements } from '../../kserve/tensors.ts';
import type { PreparedRequest } from '../rotation.ts';
import { sharedRequests, shareRequests } from './shared-requests.ts';

const requests: PreparedRequest[] = [
  {
    bytes: Buffer.from('abc'),
    jsonBytes: 2,
    expected: [
      { name: 'x', datatype: 'FP32', shape: [2], data: encodeElements('FP32', [1, 2]) },
      {
        name: 'near',
        datatype: 'FP16',
        shape: [0],
        data: new Uint8Array(0),
        tolerance: { absolute: 1e-2, relative: 0 },
      },
      { name: 'none', datatype: 'INT64', shape: [0], data: new Uint8Array(0) },
    ],
  },
  { bytes: Buffer.alloc(0), jsonBytes: 0, expected: null },
  { bytes: Buffer.from('de'), jsonBytes: 0, expected: [] },
];

describe('shared requests', () => {
  it('are the requests again on the other side', () => {
    const plain = (all: readonly PreparedRequest[]): unknown =>
      all.map(({ bytes, jsonBytes, expected }) => ({
        bytes: bytes.toString(),
        jsonBytes,
        expected: expected?.map((tensor) => ({ ...tensor, data: [...tensor.data] })) ?? null,
      }));
    assert.deepEqual(plain(sharedRequests(structuredClone(shareRequests(requests)))), plain(requests));
  });

  it('are in memory once, however many threads take them', () => {
    const shared = shareRequests(requests);
    const [one, other] = [sharedRequests(shared), sharedRequests(structuredClone(shared))];
    assert.equal(shared.memory.byteLength, 3 + 8 + 2);
    one[0]?.bytes.write('z');
    assert.equal(other[0]?.bytes.toString(), 'zbc');
  });
});
