import type { ModelMetadata } from '../kserve/client.ts';
import { decodeElements, encodeElements, type Tensor } from '../kserve/tensors.ts';
import type { Output } from './scripted-answers.ts';

export const scriptedModel = 'scripted';

export const scriptedMetadata: ModelMetadata = {
  name: scriptedModel,
  versions: ['1'],
  platform: 'scripted',
  inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [
    { name: 'total', datatype: 'FP32', shape: [-1, 1] },
    { name: 'largest', datatype: 'INT64', shape: [-1, 1] },
  ],
};

/** The right outputs for `input` (FP32, [n, any]): each row's sum plus 0 ... `width` - 1, and where its largest value stands. */
export function scriptedOutputs(input: Tensor, width = 1): Tensor[] {
  const [rowCount = 0] = input.shape;
  const values = decodeElements('FP32', input.data).map(Number);
  const columnCount = rowCount === 0 ? 0 : values.length / rowCount;
  const rows = Array.from({ length: rowCount }, (_, row) => values.slice(row * columnCount, (row + 1) * columnCount));
  const totals = new Float32Array(rowCount * width);
  rows.forEach((row, index) => {
    const sum = row.reduce((total, value) => total + value, 0);
    for (let column = 0; column < width; column += 1) totals[index * width + column] = sum + column;
  });
  const largest = rows.map((row) => BigInt(row.indexOf(Math.max(...row))));
  return [
    { name: 'total', datatype: 'FP32', shape: [rowCount, width], data: new Uint8Array(totals.buffer) },
    { name: 'largest', datatype: 'INT64', shape: [rowCount, 1], data: encodeElements('INT64', largest) },
  ];
}

/** Rows of an input whose sums all differ. */
export function scriptedInput(rows: readonly (readonly number[])[]): Tensor {
  const shape = [rows.length, rows[0]?.length ?? 0];
  return { name: 'input', datatype: 'FP32', shape, data: encodeElements('FP32', rows.flat()) };
}

/** Reads a binary inference request and works out its right output; undefined for a request that is not one. */
export function scriptedInference(
  headers: ReadonlyMap<string, string>,
  body: Uint8Array,
  width: number,
): Output | undefined {
  const headerBytes = Number(headers.get('inference-header-content-length') ?? Number.NaN);
  try {
    const header = JSON.parse(Buffer.from(body.subarray(0, headerBytes)).toString()) as {
      inputs: { name: string; shape: number[] }[];
    };
    const [input] = header.inputs;
    if (input === undefined) return undefined;
    const tensor: Tensor = { ...input, datatype: 'FP32', data: body.subarray(headerBytes) };
    return { model: scriptedModel, tensors: scriptedOutputs(tensor, width) };
  } catch {
    return undefined;
  }
}
