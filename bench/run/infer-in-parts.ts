import { Failure } from '../failure.ts';
import { elementBytes, type Tensor } from '../kserve/tensors.ts';

type Infer = (inputs: readonly Tensor[]) => Promise<Tensor[]>;

/**
 * The answer to a batch, asked for in requests of at most `rowsMost` rows and put together again: what a model answers to a row
 * does not depend on the rows beside it.
 * @throws Failure (measurement) where the answers are not one row for each row.
 */
export async function inferInParts(infer: Infer, inputs: readonly Tensor[], rowsMost: number): Promise<Tensor[]> {
  const rows = inputs[0]?.shape[0] ?? 1;
  if (rows <= rowsMost) return infer(inputs);
  const parts: Tensor[][] = [];
  for (let from = 0; from < rows; from += rowsMost) {
    const count = Math.min(rowsMost, rows - from);
    const answer = await infer(inputs.map((tensor) => rowsOf(tensor, from, count)));
    if (answer.some(({ shape }) => shape[0] !== count)) throw notByRow();
    parts.push(answer);
  }
  return joined(parts, rows);
}

/** Some rows of a tensor whose first dimension is the batch. */
export function rowsOf(tensor: Tensor, from: number, count: number): Tensor {
  const { datatype, shape, data } = tensor;
  const rowCount = shape[0] ?? 1;
  const [begin, end] =
    elementBytes[datatype] === undefined
      ? byteStringRows(data, rowCount, from, count)
      : [(data.byteLength / rowCount) * from, (data.byteLength / rowCount) * (from + count)];
  return { ...tensor, shape: [count, ...shape.slice(1)], data: data.subarray(begin, end) };
}

/** Where rows begin and end in a BYTES tensor, whose elements carry their lengths as 4 bytes before them. */
function byteStringRows(data: Uint8Array, rowCount: number, from: number, count: number): [number, number] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const starts: number[] = [];
  for (let at = 0; at + 4 <= data.byteLength; at += 4 + view.getUint32(at, true)) starts.push(at);
  const perRow = starts.length / rowCount;
  return [starts[from * perRow] ?? data.byteLength, starts[(from + count) * perRow] ?? data.byteLength];
}

function joined(parts: readonly (readonly Tensor[])[], rows: number): Tensor[] {
  const form = (answer: readonly Tensor[] = []): string =>
    JSON.stringify(answer.map(({ name, datatype, shape }) => [name, datatype, shape.slice(1)]));
  const [first = []] = parts;
  if (parts.some((part) => form(part) !== form(first))) throw notByRow();
  return first.map((tensor, index) => ({
    ...tensor,
    shape: [rows, ...tensor.shape.slice(1)],
    data: Buffer.concat(parts.flatMap((part) => part[index]?.data ?? [])),
  }));
}

function notByRow(): Failure {
  return new Failure('measurement', 'not-by-row', 'the baseline does not answer one row for each row of a batch');
}
