import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Failure } from '../failure.ts';
import type { ModelMetadata, TensorMetadata } from '../kserve/client.ts';
import {
  type Datatype,
  elementBytes,
  elementCount,
  encodeElements,
  isDatatype,
  type Tensor,
} from '../kserve/tensors.ts';

/** Rows of numbers as they stand in a CSV file; a first line that is no numbers is its header. */
export type InputRows = { readonly file: string; readonly rows: readonly (readonly number[])[] };

const inputLimitBytes = 256 * 1024 * 1024;
const pieceBytes = 1024 * 1024;
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** @throws Failure (usage) for a file that is missing, too large, empty, ragged, or holds something else than numbers. */
export async function readCsv(file: string): Promise<InputRows> {
  const text = await readText(file);
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const rows: number[][] = [];
  let width: number | undefined;
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const cells = line.split(',').map((cell) => cell.trim());
    const numbers = cells.map((cell) => (decimal.test(cell) ? Number(cell) : Number.NaN));
    if (rows.length === 0 && width === undefined && numbers.every(Number.isNaN)) {
      width = cells.length;
      return;
    }
    const bad = numbers.findIndex((value) => !Number.isFinite(value));
    if (bad !== -1) {
      const what = Number.isNaN(numbers[bad]) ? 'is no number' : 'is too large a number';
      throw unreadable(file, `${file}:${index + 1}: column ${bad + 1} ${what}`);
    }
    if (width !== undefined && cells.length !== width) {
      throw unreadable(file, `${file}:${index + 1}: ${cells.length} columns where the first line has ${width}`);
    }
    width = cells.length;
    rows.push(numbers);
  });
  if (rows.length === 0) throw unreadable(file, `${file} holds no rows`);
  return { file, rows };
}

/**
 * The inputs of each distinct request: `batchSize` consecutive rows, starting at each row in turn, so that all rows are
 * sent and no two requests are the same.
 * @throws Failure (usage) where the rows do not fit the model's input.
 */
export function batchInputs(metadata: ModelMetadata, input: InputRows, batchSize: number): Tensor[][] {
  const encode = encoderFor(metadata, input);
  const rowCount = input.rows.length;
  return input.rows.map((_, first) =>
    encode(Array.from({ length: batchSize }, (_, offset) => (first + offset) % rowCount)),
  );
}

/** Every row once, in order, in as few requests as `batchSize` allows. */
export function wholeInputs(metadata: ModelMetadata, input: InputRows, batchSize: number): Tensor[][] {
  const encode = encoderFor(metadata, input);
  const indexes = input.rows.map((_, index) => index);
  const requestCount = Math.ceil(indexes.length / batchSize);
  return Array.from({ length: requestCount }, (_, request) =>
    encode(indexes.slice(request * batchSize, (request + 1) * batchSize)),
  );
}

function encoderFor(metadata: ModelMetadata, input: InputRows): (rowIndexes: readonly number[]) => Tensor[] {
  const [target, ...others] = metadata.inputs;
  if (target === undefined || others.length > 0) {
    throw unreadable(
      input.file,
      `model ${metadata.name} has ${metadata.inputs.length} inputs; a CSV file feeds exactly one`,
    );
  }
  const { name, datatype } = target;
  if (!isDatatype(datatype) || ['BYTES', 'FP16', 'BF16'].includes(datatype)) {
    throw unreadable(input.file, `input ${name} is ${datatype}, which a CSV of numbers cannot feed`);
  }
  // A first dimension of fixed size is no batch dimension: each request then carries exactly one example.
  const batched = (target.shape[0] ?? 0) < 0;
  const rowShape = shapeOfRow(target, batched ? target.shape.slice(1) : target.shape, input);
  const broken = input.rows.findIndex((row) => !row.every((value) => fits(datatype, value)));
  if (broken !== -1) {
    throw unreadable(
      input.file,
      `input ${name} is ${datatype}, which cannot hold what row ${broken + 1} of ${input.file} says`,
    );
  }
  return (rowIndexes) => {
    if (!batched && rowIndexes.length > 1) {
      throw unreadable(input.file, `model ${metadata.name} takes no batches: load.batchSize must be 1`);
    }
    const values = rowIndexes.flatMap((index) => input.rows[index] ?? []);
    return [
      {
        name,
        datatype,
        shape: batched ? [rowIndexes.length, ...rowShape] : rowShape,
        data: encodeElements(datatype, values),
      },
    ];
  };
}

/** Whether the datatype can hold the value; a CSV number is exact up to 2^53 only. */
function fits(datatype: Datatype, value: number): boolean {
  if (datatype === 'FP64') return true;
  if (datatype === 'FP32') return Number.isFinite(Math.fround(value));
  if (datatype === 'BOOL') return value === 0 || value === 1;
  const bits = (elementBytes[datatype] ?? 0) * 8;
  const [least, beyond] = datatype.startsWith('U') ? [0, 2 ** bits] : [-(2 ** (bits - 1)), 2 ** (bits - 1)];
  return Number.isSafeInteger(value) && value >= least && value < beyond;
}

/** The shape of one example, without a batch dimension; one variable dimension takes what the row's width leaves. */
function shapeOfRow(target: TensorMetadata, shape: readonly number[], input: InputRows): number[] {
  const width = input.rows[0]?.length ?? 0;
  const fixed = elementCount(shape.filter((dimension) => dimension > 0));
  const variableCount = shape.filter((dimension) => dimension < 0).length;
  if (variableCount > 1 || (variableCount === 0 ? fixed !== width : width % fixed !== 0)) {
    throw unreadable(
      input.file,
      `${input.file} has ${width} columns, but input ${target.name} takes [${target.shape.join(', ')}]${shape.length < target.shape.length ? ' (the first dimension is the batch)' : ''}`,
    );
  }
  return shape.map((dimension) => (dimension < 0 ? width / fixed : dimension));
}

/** Reads no more than is allowed, whatever the file's size says: it may grow. */
async function readText(file: string): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    // A pipe without a writer would be waited for without end, and a device has none.
    if (!(await stat(file)).isFile()) throw unreadable(file, `${file} is not a file`);
    for await (const piece of createReadStream(file, { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>) {
      size += piece.byteLength;
      if (size > inputLimitBytes) throw unreadable(file, `${file} is larger than ${inputLimitBytes} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw unreadable(file, missing ? `there is no ${file}` : `${file} cannot be read`, error);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function unreadable(file: string, message: string, cause?: unknown): Failure {
  return new Failure('usage', 'input', message, {
    hint: `load.input in the plan must name a CSV file with one row of numbers per example (now: ${file})`,
    ...(cause === undefined ? {} : { cause }),
  });
}
