import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../failure.ts';
import { encodeByteStrings, encodeElements, type Tensor } from '../kserve/tensors.ts';
import { inferInParts } from './infer-in-parts.ts';

function batchOf(rows: number): Tensor[] {
  const numbers = Array.from({ length: rows * 3 }, (_, index) => index);
  const texts = Array.from({ length: rows * 2 }, (_, index) => 'x'.repeat((index * 7) % 11));
  return [
    { name: 'n', datatype: 'INT16', shape: [rows, 3], data: encodeElements('INT16', numbers) },
    { name: 't', datatype: 'BYTES', shape: [rows, 2], data: encodeByteStrings(texts) },
    { name: 'flat', datatype: 'FP64', shape: [rows], data: encodeElements('FP64', numbers.slice(0, rows)) },
  ];
}

const plain = (tensors: readonly Tensor[]) => tensors.map((tensor) => ({ ...tensor, data: [...tensor.data] }));

describe('a batch that is asked for in parts', () => {
  it('has the answer that the whole batch has, row by row', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), async (rows, most) => {
        const sizes: number[] = [];
        const echo = async (inputs: readonly Tensor[]): Promise<Tensor[]> => {
          sizes.push(inputs[0]?.shape[0] ?? 0);
          return [...inputs];
        };
        const answer = await inferInParts(echo, batchOf(rows), most);
        assert.deepEqual(plain(answer), plain(batchOf(rows)));
        assert.equal(sizes.length, Math.ceil(rows / most));
        assert(sizes.every((size) => size <= most));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('is refused where the model does not answer row by row', async () => {
    const summed = async (): Promise<Tensor[]> => batchOf(1);
    const changing = async (inputs: readonly Tensor[]): Promise<Tensor[]> =>
      (inputs[0]?.shape[0] ?? 0) > 1 ? [...inputs] : inputs.slice(1);
    for (const infer of [summed, changing]) {
      await assert.rejects(
        inferInParts(infer, batchOf(5), 2),
        (error) => error instanceof Failure && error.code === 'not-by-row',
      );
    }
  });
});
