import fc from 'fast-check';
import { type PlainMessage, type PlainValue, putOwn } from './plain.ts';
import { entrySchema, type FieldSchema, type MessageSchema, messageSchema, type ValueType } from './schema.ts';

/** Draws a value from an arbitrary: what `fc.gen()` hands to a property. */
export type Draw = fc.GeneratorValue;

/** A text in some layout that the format allows, and what it says. */
export type Written = { readonly text: string; readonly plain: PlainMessage };

const blanks = ['', ' ', '  ', '\t', '\n', '\r\n', ' # note\n', '\n\n# { "odd: [\n  ', '\v', '\f'] as const;
const marks = [
  'a',
  'Z',
  '9',
  ' ',
  '#',
  '{',
  'é',
  '😀',
  '\u2028',
  '\u202e',
  '"',
  "'",
  '\\',
  '\n',
  '\t',
  '\u0001',
] as const;
const escapes: Record<string, readonly string[]> = {
  '"': ['\\"', '\\042', '\\x22'],
  "'": ["\\'", '\\047', '\\X27'],
  '\\': ['\\\\', '\\134'],
  '\n': ['\\n', '\\012', '\\x0a'],
  '\t': ['\\t', '\\011'],
  '\u0001': ['\\001', '\\x01'],
  é: ['\\303\\251', '\\u00e9', '\\xc3\\xa9'],
  '😀': ['\\U0001F600', '\\ud83d\\ude00'],
};

/** A random message for tests: random fields in random order and layout, with comments, quotes and escapes of all kinds. */
export function writeMessage(draw: Draw, schema: MessageSchema, depth = 0): Written {
  const plain: Record<string, PlainValue> = {};
  const known = [...schema.fields.values()];
  const taken = new Set<string>();
  let text = gap(draw);
  const count = known.length === 0 ? 0 : draw(fc.integer, { min: 0, max: depth === 0 ? 6 : 3 });
  for (let index = 0; index < count; index++) {
    const field = pick(draw, known);
    const owner = field.oneof ?? field.name;
    if (field.label === 'single' && taken.has(owner)) continue;
    taken.add(owner);
    text += writeField(draw, field, plain, depth) + pick(draw, ['', '', ',', ';']) + gap(draw, true);
  }
  return { text, plain };
}

/** A random value of a type as plain data. */
export function drawValue(draw: Draw, type: ValueType, depth = 0): PlainValue {
  return writeOne(draw, type, depth).plain;
}

/** One of several things. */
export function pick<T>(draw: Draw, choices: readonly T[]): T {
  const chosen = choices[draw(fc.nat, { max: choices.length - 1 })];
  if (chosen === undefined) throw new Error('there is nothing to pick from');
  return chosen;
}

function writeField(draw: Draw, field: FieldSchema, plain: Record<string, PlainValue>, depth: number): string {
  const isMessage = field.label === 'map' || field.type.kind === 'message';
  const colon = isMessage && draw(fc.boolean) ? '' : ':';
  const head = `${field.name}${gap(draw)}${colon}${gap(draw)}`;
  if (field.label === 'single') {
    const { text, plain: value } = writeOne(draw, field.type, depth);
    plain[field.name] = value;
    return head + text;
  }
  const inList = draw(fc.boolean);
  const length = inList ? draw(fc.integer, { min: 0, max: 3 }) : 1;
  const items = Array.from({ length }, () => writeElement(draw, field, plain, depth));
  if (field.label === 'repeated') plain[field.name] ??= [];
  else plain[field.name] ??= {};
  return inList
    ? `${head}[${gap(draw)}${items.join(`${gap(draw)},${gap(draw)}`)}${gap(draw)}]`
    : `${head}${items.join('')}`;
}

function writeElement(draw: Draw, field: FieldSchema, plain: Record<string, PlainValue>, depth: number): string {
  if (field.label === 'repeated') {
    const { text, plain: value } = writeOne(draw, field.type, depth);
    plain[field.name] = [...((plain[field.name] ?? []) as PlainValue[]), value];
    return text;
  }
  const [key, value] = [...entrySchema(field).fields.values()];
  const keyWritten = writeOne(draw, key?.type ?? field.type, depth);
  const valueWritten = writeOne(draw, field.type, depth);
  plain[field.name] ??= {};
  putOwn(plain[field.name] as Record<string, PlainValue>, String(keyWritten.plain), valueWritten.plain);
  const inner = `key:${gap(draw)}${keyWritten.text}${gap(draw, true)}${value?.name}:${gap(draw)}${valueWritten.text}`;
  return bracketed(draw, gap(draw) + inner + gap(draw));
}

function writeOne(draw: Draw, type: ValueType, depth: number): { text: string; plain: PlainValue } {
  if (type.kind === 'message') {
    const { text, plain } = writeMessage(draw, messageSchema(type.name), depth + 1);
    return { text: bracketed(draw, text), plain };
  }
  if (type.kind === 'enum') {
    const [name, number] = pick(draw, [...type.values]);
    return { text: pick(draw, [name, name, String(number), `0x${number.toString(16)}`]), plain: name };
  }
  if (type.scalar === 'string') return writeString(draw);
  if (type.scalar === 'bool') {
    const plain = draw(fc.boolean);
    return { text: pick(draw, plain ? ['true', 'True', 't', '1'] : ['false', 'False', 'f', '0']), plain };
  }
  if (type.scalar === 'float' || type.scalar === 'double') return writeFloat(draw);
  const [min, max] = {
    int32: [-(2 ** 31), 2 ** 31 - 1],
    int64: [-(2 ** 53) + 1, 2 ** 53 - 1],
    uint32: [0, 2 ** 32 - 1],
    uint64: [0, 2 ** 53 - 1],
  }[type.scalar];
  const plain = draw(fc.boolean) ? draw(fc.integer, { min: -9, max: 9 }) : draw(fc.maxSafeInteger);
  const value = Math.min(Math.max(plain, min ?? 0), max ?? 0);
  return { text: writeInteger(draw, value), plain: value };
}

function writeInteger(draw: Draw, value: number): string {
  const size = BigInt(Math.abs(value));
  const digits = pick(draw, [String(size), String(size), `0x${size.toString(16)}`, `0${size.toString(8)}`]);
  return value < 0 ? `-${pick(draw, ['', '', ' ', ' # minus\n'])}${digits}` : digits;
}

function writeFloat(draw: Draw): { text: string; plain: PlainValue } {
  const cases = [
    { text: '0.5', plain: 0.5 },
    { text: '.25f', plain: 0.25 },
    { text: '1.', plain: 1 },
    { text: '-2e3', plain: -2000 },
    { text: '- inf', plain: '-Infinity' },
    { text: 'NaN', plain: 'NaN' },
    { text: '7', plain: 7 },
  ];
  return pick(draw, cases);
}

function writeString(draw: Draw): { text: string; plain: string } {
  const pieces = Array.from({ length: draw(fc.integer, { min: 1, max: 2 }) }, () => {
    const quote = pick(draw, ['"', "'"]);
    const letters = Array.from({ length: draw(fc.integer, { min: 0, max: 5 }) }, () => pick(draw, marks));
    return {
      body: letters.join(''),
      text: quote + letters.map((mark) => writeMark(draw, mark, quote)).join('') + quote,
    };
  });
  return { text: pieces.map((piece) => piece.text).join(gap(draw)), plain: pieces.map((piece) => piece.body).join('') };
}

function writeMark(draw: Draw, mark: string, quote: string): string {
  const escaped = escapes[mark];
  const mustEscape = mark === quote || mark === '\\' || mark === '\n';
  if (escaped === undefined || (!mustEscape && draw(fc.boolean))) return mark;
  return pick(draw, escaped);
}

function bracketed(draw: Draw, inner: string): string {
  return draw(fc.boolean) ? `{${inner}}` : `<${inner}>`;
}

/** Blanks and comments; where two words would meet, at least one blank. */
function gap(draw: Draw, needed = false): string {
  const text = pick(draw, blanks);
  return needed && text === '' ? ' ' : text;
}
