import { messageOf } from '../../failure.ts';
import { shown, wrongData } from './wrong-data.ts';

/** How one element of an array lies in the file. */
export type NpyElement = {
  /** b truth, i and u integers, f floating point, S bytes and U code points of texts padded with zeros, V bytes without a meaning. */
  readonly kind: 'b' | 'i' | 'u' | 'f' | 'S' | 'U' | 'V';
  readonly bytes: number;
  readonly littleEndian: boolean;
};

export type NpyHeader = {
  readonly element: NpyElement;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin in the file. */
  readonly dataOffset: number;
};

const magic = Buffer.from('\x93NUMPY', 'latin1');
/** NumPy itself reads no longer ones. */
const headerLimitBytes = 10_000;

/** Reads the header of a .npy file, formats 1 to 3. @throws Failure (usage) where it is none, or of elements that no tensor holds. */
export function parseNpyHeader(bytes: Buffer, file: string): NpyHeader {
  if (!bytes.subarray(0, magic.byteLength).equals(magic)) throw noNpy(file, 'it does not begin as one');
  const major = bytes[magic.byteLength] ?? 0;
  if (major < 1 || major > 3) throw noNpy(file, `format ${major} is not known`);
  const lengthAt = magic.byteLength + 2;
  const start = lengthAt + (major === 1 ? 2 : 4);
  if (bytes.byteLength < start) throw noNpy(file, 'it ends in its header');
  const length = major === 1 ? bytes.readUInt16LE(lengthAt) : bytes.readUInt32LE(lengthAt);
  if (length > headerLimitBytes) throw noNpy(file, `its header is longer than ${headerLimitBytes} bytes`);
  if (bytes.byteLength < start + length) throw noNpy(file, 'it ends in its header');
  const text = bytes.toString(major === 3 ? 'utf8' : 'latin1', start, start + length);
  const entries = entriesOf(text, file);
  const fortranOrder = entries.get('fortran_order');
  const shape = entries.get('shape');
  if (typeof fortranOrder !== 'boolean' || !Array.isArray(shape))
    throw noNpy(file, 'its header lacks fortran_order or shape');
  return { element: elementOf(entries.get('descr'), file), fortranOrder, shape, dataOffset: start + length };
}

type Value = string | boolean | number[] | 'structures';

const token = /\s*(?:'([^'\\]*)'|"([^"\\]*)"|(True|False)|(\d{1,15})L?(?!\d)|([{}:,()[\]]))/y;

type Token = { readonly text?: string; readonly truth?: boolean; readonly number?: number; readonly mark?: string };

/** The header is a Python dictionary of a text (or a list, for structures), a truth value and a tuple of whole numbers. */
function entriesOf(header: string, file: string): Map<string, Value> {
  try {
    return readDictionary(tokensOf(header));
  } catch (error) {
    throw noNpy(file, `its header is not one: ${messageOf(error)}`);
  }
}

function tokensOf(header: string): Token[] {
  const tokens: Token[] = [];
  const trimmed = header.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < trimmed.length) {
    const at = token.lastIndex;
    const found = token.exec(trimmed);
    if (found === null) throw new Error(`column ${at + 1}`);
    const [, single, double, truth, number, mark] = found;
    const text = single ?? double;
    if (text !== undefined) tokens.push({ text });
    else if (truth !== undefined) tokens.push({ truth: truth === 'True' });
    else if (number !== undefined) tokens.push({ number: Number(number) });
    else tokens.push({ mark: mark ?? '' });
  }
  return tokens;
}

function readDictionary(tokens: readonly Token[]): Map<string, Value> {
  const left = [...tokens];
  const expect = (mark: string): void => {
    if (left.shift()?.mark !== mark) throw new Error(`${mark} is missing`);
  };
  const entries = new Map<string, Value>();
  expect('{');
  while (left[0]?.mark !== '}') {
    const key = left.shift()?.text;
    if (key === undefined || entries.has(key)) throw new Error('a key is missing or there twice');
    expect(':');
    entries.set(key, readValue(left));
    if (left[0]?.mark !== '}') expect(',');
  }
  expect('}');
  if (left.length > 0) throw new Error('something follows it');
  return entries;
}

function readValue(left: Token[]): Value {
  const { text, truth, mark } = left.shift() ?? {};
  if (text !== undefined) return text;
  if (truth !== undefined) return truth;
  if (mark === '[') return skipList(left);
  if (mark !== '(') throw new Error('a value is missing');
  const numbers: number[] = [];
  while (left[0]?.mark !== ')') {
    const { number } = left.shift() ?? {};
    if (number === undefined) throw new Error('a shape holds something else than numbers');
    numbers.push(number);
    if (left[0]?.mark !== ')' && left.shift()?.mark !== ',') throw new Error('a comma is missing');
  }
  left.shift();
  return numbers;
}

function skipList(left: Token[]): 'structures' {
  let depth = 1;
  while (depth > 0) {
    const next = left.shift();
    if (next === undefined) throw new Error('a list has no end');
    depth += next.mark === '[' ? 1 : next.mark === ']' ? -1 : 0;
  }
  return 'structures';
}

const sizes: Readonly<Record<NpyElement['kind'], readonly number[] | null>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8],
  S: null,
  U: null,
  V: [2],
};

function elementOf(descr: Value | undefined, file: string): NpyElement {
  const [, order = '', letter = '', digits = ''] =
    (typeof descr === 'string' && /^([<>=|]?)([A-Za-z?])(\d{0,9})$/.exec(descr)) || [];
  const kind = letter === '?' ? 'b' : letter === 'a' ? 'S' : letter;
  const count = letter === '?' ? 1 : Number(digits);
  if (!isKind(kind) || (digits === '' && letter !== '?') || sizes[kind]?.includes(count) === false) {
    throw wrongData(
      `${file} holds elements of ${typeof descr === 'string' ? shown(descr) : 'no known kind'}, which no tensor holds`,
      'save it as an array of numbers, truth values or texts: array.astype(...); objects, structures, complex numbers and dates cannot be sent',
    );
  }
  return { kind, bytes: kind === 'U' ? count * 4 : count, littleEndian: order !== '>' };
}

function isKind(kind: string): kind is NpyElement['kind'] {
  return Object.hasOwn(sizes, kind);
}

export function noNpy(file: string, why: string): ReturnType<typeof wrongData> {
  return wrongData(`${file} is no .npy file: ${why}`, 'write it with numpy.save(file, array)');
}
