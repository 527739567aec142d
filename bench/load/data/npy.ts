import { type Datatype, decodeElements } from '../../kserve/tensors.ts';
import { type NpyElement, noNpy, parseNpyHeader } from './npy-header.ts';
import { readBinaryFile } from './read-file.ts';
import { wrongData } from './wrong-data.ts';

/** An array whose first axis counts the examples. */
export type NpyArray = {
  readonly file: string;
  readonly rowCount: number;
  readonly rowShape: readonly number[];
  /** The datatype with the same elements; null for texts and for bytes without a meaning. */
  readonly datatype: Exclude<Datatype, 'BYTES'> | null;
  readonly element: NpyElement;
  /** The elements of one row in row-major order, little-endian; a view of the file where they lie so. */
  row(index: number): Uint8Array;
};

/** @throws Failure (usage) for a file that cannot be read, is none, or does not hold what its header says. */
export async function readNpy(file: string): Promise<NpyArray> {
  return parseNpy(await readBinaryFile(file), file);
}

/** @throws Failure (usage) for bytes that are no .npy file, or do not hold what the header says. */
export function parseNpy(bytes: Buffer, file: string): NpyArray {
  const { element, fortranOrder, shape, dataOffset } = parseNpyHeader(bytes, file);
  const [rowCount, ...rowShape] = shape;
  if (rowCount === undefined)
    throw wrongData(`${file} holds a single value, no rows`, 'the first axis counts the examples');
  const data = bytes.subarray(dataOffset);
  // Exact whatever the header says: a product of doubles could round to what fits.
  const wantedBytes = shape.reduce((product, dimension) => product * BigInt(dimension), BigInt(element.bytes));
  if (wantedBytes !== BigInt(data.byteLength)) {
    throw noNpy(file, `its header speaks of ${wantedBytes} bytes, but ${data.byteLength} follow`);
  }
  if (wantedBytes === 0n) throw wrongData(`${file} holds no values`, 'the first axis counts the examples');
  const rowBytes = data.byteLength / rowCount;
  const unitBytes = element.kind === 'U' ? 4 : element.kind === 'S' || element.kind === 'V' ? 1 : element.bytes;
  const littleEndian = element.littleEndian || unitBytes === 1;
  return {
    file,
    rowCount,
    rowShape,
    datatype: datatypeOf(element),
    element,
    row: (index) => {
      const row =
        fortranOrder && rowShape.length > 0
          ? gather(data, index, { shape, bytes: element.bytes })
          : data.subarray(index * rowBytes, (index + 1) * rowBytes);
      return littleEndian ? row : swapped(row, unitBytes);
    },
  };
}

/** A row of numbers; 64-bit integers as bigint. */
export function numbersOf(array: NpyArray, index: number): (number | bigint)[] {
  if (array.datatype === null) throw new RangeError(`${array.file} holds no numbers`);
  // A byte that is neither 0 nor 1 is told from them.
  return decodeElements(array.datatype === 'BOOL' ? 'UINT8' : array.datatype, array.row(index));
}

/** A row of texts as UTF-8, without the zeros that pad them. @throws Failure (usage) for a code point that there is not. */
export function textsOf({ element, file, row }: NpyArray, index: number): Uint8Array[] {
  const bytes = row(index);
  const elements = Array.from({ length: bytes.byteLength / element.bytes }, (_, at) =>
    bytes.subarray(at * element.bytes, (at + 1) * element.bytes),
  );
  return elements.map((each) => {
    if (element.kind === 'S') return withoutPadding(each);
    try {
      return Buffer.from(String.fromCodePoint(...codePointsOf(each)));
    } catch (error) {
      throw wrongData(
        `${file}: row ${index + 1} holds a text with a code point that there is not`,
        'write the file again',
        error,
      );
    }
  });
}

function datatypeOf({ kind, bytes }: NpyElement): NpyArray['datatype'] {
  const bits = bytes * 8;
  if (kind === 'b') return 'BOOL';
  const name = kind === 'i' ? `INT${bits}` : kind === 'u' ? `UINT${bits}` : `FP${bits}`;
  return kind === 'S' || kind === 'U' || kind === 'V' ? null : (name as Exclude<Datatype, 'BYTES'>);
}

/** The elements of one row of an array that lies with its first axis running fastest. */
function gather(data: Buffer, row: number, { shape, bytes }: { shape: readonly number[]; bytes: number }): Uint8Array {
  const [rowCount = 1, ...dimensions] = shape;
  let stride = rowCount;
  const strides = dimensions.map((dimension) => {
    const own = stride;
    stride *= dimension;
    return own;
  });
  const gathered = new Uint8Array(data.byteLength / rowCount);
  const position = dimensions.map(() => 0);
  let from = row;
  for (let to = 0; to < gathered.byteLength; to += bytes) {
    gathered.set(data.subarray(from * bytes, (from + 1) * bytes), to);
    for (let axis = dimensions.length - 1; axis >= 0; axis -= 1) {
      const next = (position[axis] ?? 0) + 1;
      from += strides[axis] ?? 0;
      position[axis] = next;
      if (next < (dimensions[axis] ?? 0)) break;
      from -= next * (strides[axis] ?? 0);
      position[axis] = 0;
    }
  }
  return gathered;
}

function swapped(row: Uint8Array, unitBytes: number): Uint8Array {
  const copy = Buffer.from(row);
  if (unitBytes === 2) return copy.swap16();
  return unitBytes === 4 ? copy.swap32() : copy.swap64();
}

function withoutPadding(bytes: Uint8Array): Uint8Array {
  const end = bytes.findLastIndex((byte) => byte !== 0);
  return bytes.subarray(0, end + 1);
}

function codePointsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const points = Array.from({ length: bytes.byteLength / 4 }, (_, at) => view.getUint32(at * 4, true));
  return points.slice(0, points.findLastIndex((point) => point !== 0) + 1);
}
