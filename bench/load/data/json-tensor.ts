import { decodeByteStrings, elementBytes, type Tensor } from '../../kserve/tensors.ts';
import { encodeChecked } from './elements.ts';
import type { TensorForm } from './model-form.ts';
import { resolveShape } from './resolve-shape.ts';
import { shown, wrongData } from './wrong-data.ts';

const nestingLimit = 64;
const tensorHint = 'write a list of values, { "content": [...], "shape": [...] }, or { "b64": "..." }';

/**
 * One tensor of one example as perf_analyzer writes it: a list (in whatever nesting), `{ content, shape }` with a list or
 * `{ b64 }` as its content, or `{ b64, shape }`. Base64 holds the bytes as they travel: little-endian, texts with their lengths.
 * @throws Failure (usage) naming `place` and the tensor.
 */
export function jsonTensor(form: TensorForm, value: unknown, place: string): Tensor {
  const { role, name, datatype } = form;
  const what = `${place}: ${role} ${name}`;
  const { content, shape } = contentOf(value, what);
  const bytes = isObject(content) ? fromBase64(content, what) : undefined;
  const values = bytes === undefined ? floatWords(flatten(content, what), form) : [];
  const data = bytes ?? encodeChecked(form, values, place);
  const elementCount = bytes === undefined ? values.length : countOf(form, bytes, what);
  return { name, datatype, shape: resolveShape(form, { shape, elementCount }, place), data };
}

type Content = { readonly content: unknown; readonly shape: readonly number[] | null };

function contentOf(value: unknown, what: string): Content {
  if (Array.isArray(value)) return { content: value, shape: null };
  if (!isObject(value)) throw wrongData(`${what} is ${shown(value)}, no list of values`, tensorHint);
  const stranger = Object.keys(value).find((key) => !['content', 'shape', 'b64'].includes(key));
  if (stranger !== undefined) throw wrongData(`${what} has the key ${shown(stranger)}`, tensorHint);
  const shape = Object.hasOwn(value, 'shape') ? shapeOf(value.shape, what) : null;
  const both = Object.hasOwn(value, 'content') && Object.hasOwn(value, 'b64');
  if (!both && Object.hasOwn(value, 'b64')) return { content: { b64: value.b64 }, shape };
  if (both || !Object.hasOwn(value, 'content'))
    throw wrongData(`${what} has ${both ? 'both' : 'neither'} content and b64`, tensorHint);
  return { content: value.content, shape };
}

function shapeOf(shape: unknown, what: string): readonly number[] {
  const dimensions = Array.isArray(shape) ? (shape as unknown[]) : [undefined];
  if (!dimensions.every((dimension) => Number.isSafeInteger(dimension) && Number(dimension) >= 0)) {
    throw wrongData(
      `${what} has the shape ${shown(shape)}`,
      'a shape is a list of whole numbers, such as [3, 224, 224]',
    );
  }
  return dimensions as number[];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function flatten(content: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(content)) throw wrongData(`${what} is ${shown(content)}, no list of values`, tensorHint);
  if (!content.some(Array.isArray)) return content as unknown[];
  const flat: unknown[] = [];
  const visit = (items: readonly unknown[], depth: number): void => {
    if (depth > nestingLimit) throw wrongData(`${what} is nested more than ${nestingLimit} deep`, tensorHint);
    for (const item of items) {
      if (Array.isArray(item)) visit(item, depth + 1);
      else flat.push(item);
    }
  };
  visit(content, 1);
  return flat;
}

const words = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** JSON has no numbers for these, so that they come as texts. */
function floatWords(values: readonly unknown[], { datatype }: TensorForm): readonly unknown[] {
  if (!/^(FP|BF)/.test(datatype)) return values;
  return values.some((value) => words.has(value)) ? values.map((value) => words.get(value) ?? value) : values;
}

function fromBase64({ b64, ...rest }: Record<string, unknown>, what: string): Uint8Array {
  if (Object.keys(rest).length > 0 || typeof b64 !== 'string')
    throw wrongData(`${what} has a b64 that is no text`, tensorHint);
  const text = b64.replace(/\s+/g, '');
  const bytes = Buffer.from(text, 'base64');
  // The reader of Node leaves out what it does not know.
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
    throw wrongData(
      `${what} has a b64 that is not base64`,
      'encode the bytes of the tensor, little-endian, with the usual alphabet',
    );
  }
  return bytes;
}

function countOf({ datatype }: TensorForm, bytes: Uint8Array, what: string): number {
  const size = elementBytes[datatype];
  const count = size === undefined ? decodeByteStrings(bytes)?.length : bytes.byteLength / size;
  if (count === undefined || !Number.isInteger(count)) {
    const hint =
      size === undefined
        ? 'put the length of each text before it, as 4 bytes, little-endian'
        : `an element has ${size} bytes`;
    throw wrongData(`${what} has a b64 of ${bytes.byteLength} bytes, which are no elements of ${datatype}`, hint);
  }
  return count;
}
