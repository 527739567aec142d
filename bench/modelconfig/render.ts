import type { FieldNode, MessageNode, Tree } from './document.ts';
import { encodeString } from './literals.ts';
import { getOwn, type PlainMessage, type PlainValue } from './plain.ts';
import {
  entrySchema,
  type FieldSchema,
  type MessageSchema,
  messageSchema,
  modelConfigSchema,
  type ValueType,
} from './schema.ts';

/** How a file is laid out; new fields follow it. */
export type Style = {
  readonly newline: string;
  /** One level of indentation. */
  readonly unit: string;
  /** Whether messages are written `name: {`. */
  readonly colon: boolean;
  /** Whether lists are written `[ 1, 2 ]`. */
  readonly padded: boolean;
  /** Whether repeated messages are written as blocks of their own, not as `name [ { ... } ]`. */
  readonly blocks: boolean;
  /** Whether a map's entries take one line each. */
  readonly shortEntries: boolean;
};

/** Where a text is put: on lines of its own at an indentation, or within a line. */
export type Layout = { readonly indent: string } | 'inline';

/** The style that most of a file follows; where it shows none, two spaces, `name {` and `name [ { ... } ]`. */
export function styleOf(tree: Tree): Style {
  const seen: Survey = { unit: undefined, colons: 0, padded: 0, blocks: 0, shortEntries: 0 };
  survey(tree, tree.root, modelConfigSchema, seen);
  return {
    newline: /\r?\n/.exec(tree.text)?.[0] ?? '\n',
    unit: seen.unit ?? '  ',
    colon: seen.colons > 0,
    padded: seen.padded >= 0,
    blocks: seen.blocks > 0,
    shortEntries: seen.shortEntries >= 0,
  };
}

/** The blanks a line starts with, if only they lie between the line's start and the offset; else undefined. */
export function indentBefore(text: string, offset: number): string | undefined {
  let start = offset;
  while (text[start - 1] === ' ' || text[start - 1] === '\t') start -= 1;
  return start === 0 || text[start - 1] === '\n' ? text.slice(start, offset) : undefined;
}

/** A field with its value as text: `name: value`, without indentation before or a line end after. */
export function renderField(field: FieldSchema, value: PlainValue, style: Style, layout: Layout): string {
  if (field.label === 'single') return renderNamed(field, renderOne(field.type, value, style, layout), style);
  if (field.label === 'map') {
    const entries = Object.entries(value as PlainMessage).map(([key, item]) => ({
      key: keyValue(field, key),
      value: item ?? '',
    }));
    return separated(
      entries.map((entry) => renderItem(field, entry, style, layout)),
      style,
      layout,
    );
  }
  const items = value as readonly PlainValue[];
  if (field.type.kind !== 'message') return `${field.name}: ${renderList(field, items, style)}`;
  if (style.blocks)
    return separated(
      items.map((item) => renderItem(field, item, style, layout)),
      style,
      layout,
    );
  return `${field.name}${style.colon ? ':' : ''} ${renderMessages(field, items, style, layout)}`;
}

/** One element of a repeated message, or one entry of a map, as a field of its own: `name { ... }`. */
export function renderItem(field: FieldSchema, value: PlainValue, style: Style, layout: Layout): string {
  return renderNamed(field, renderElement(field, value, style, layout), style);
}

/** One element of a repeated field, or one entry `{ key, value }` of a map, without the field's name. */
export function renderElement(field: FieldSchema, value: PlainValue, style: Style, layout: Layout): string {
  if (field.label !== 'map') return renderOne(field.type, value, style, layout);
  const small = field.type.kind !== 'message' || field.type.name === 'ModelParameter';
  const short = small && style.shortEntries;
  return renderMessage(entrySchema(field), value as PlainMessage, style, short ? 'inline' : layout);
}

/** A list of plain values: `[ 4, 8 ]`. */
export function renderList(field: FieldSchema, items: readonly PlainValue[], style: Style): string {
  const inner = items.map((item) => renderOne(field.type, item, style, 'inline')).join(', ');
  return style.padded && inner !== '' ? `[ ${inner} ]` : `[${inner}]`;
}

/** One value of a type; text in double quotes. */
export function renderOne(type: ValueType, value: PlainValue, style: Style, layout: Layout): string {
  if (type.kind === 'message') return renderMessage(messageSchema(type.name), value as PlainMessage, style, layout);
  if (type.kind === 'scalar' && type.scalar === 'string') return encodeString(String(value), '"');
  if (type.kind !== 'scalar' || (type.scalar !== 'float' && type.scalar !== 'double')) return String(value);
  return String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
}

function renderNamed(field: FieldSchema, text: string, style: Style): string {
  const message = field.label === 'map' || field.type.kind === 'message';
  return `${field.name}${message && !style.colon ? '' : ':'} ${text}`;
}

function renderMessage(schema: MessageSchema, value: PlainMessage, style: Style, layout: Layout): string {
  const fields = [...schema.fields.values()].filter((field) => isWritten(field, getOwn(value, field.name)));
  if (fields.length === 0) return '{ }';
  const inner = layout === 'inline' ? layout : { indent: layout.indent + style.unit };
  const texts = fields.map((field) => renderField(field, value[field.name] ?? '', style, inner));
  if (layout === 'inline' || inner === 'inline') return `{ ${texts.join(' ')} }`;
  const lines = texts.map((text) => `${style.newline}${inner.indent}${text}`);
  return `{${lines.join('')}${style.newline}${layout.indent}}`;
}

function renderMessages(field: FieldSchema, items: readonly PlainValue[], style: Style, layout: Layout): string {
  if (layout === 'inline') return `[ ${items.map((item) => renderOne(field.type, item, style, layout)).join(', ')} ]`;
  const inner = { indent: layout.indent + style.unit };
  const lines = items.map((item) => `${style.newline}${inner.indent}${renderOne(field.type, item, style, inner)}`);
  return `[${lines.join(',')}${style.newline}${layout.indent}]`;
}

function separated(texts: readonly string[], style: Style, layout: Layout): string {
  return texts.join(layout === 'inline' ? ' ' : style.newline + layout.indent);
}

/** Nothing is written of an empty map or an empty list of messages: there is no text for them. */
function isWritten(field: FieldSchema, value: PlainValue | undefined): boolean {
  if (value === undefined) return false;
  if (field.label === 'map') return Object.keys(value).length > 0;
  return !(
    field.label === 'repeated' &&
    field.type.kind === 'message' &&
    (value as readonly PlainValue[]).length === 0
  );
}

/** A map key as the plain value that its entry writes. */
export function keyValue(field: FieldSchema, key: string): PlainValue {
  return field.keyType === 'string' ? key : Number.isSafeInteger(Number(key)) ? Number(key) : key;
}

type Survey = { unit: string | undefined; colons: number; padded: number; blocks: number; shortEntries: number };

function survey(tree: Tree, message: MessageNode, schema: MessageSchema, seen: Survey): void {
  for (const node of message.fields) {
    const field = schema.fields.get(node.name);
    if (field === undefined) continue;
    surveyField(tree, node, field, seen);
    const { type } = field;
    const inner =
      field.label === 'map' ? entrySchema(field) : type.kind === 'message' ? messageSchema(type.name) : schema;
    for (const item of node.value.kind === 'list' ? node.value.items : [node.value]) {
      if (item.kind !== 'message') continue;
      seen.unit ??= unitOf(tree, item);
      survey(tree, item, inner, seen);
    }
  }
}

function surveyField(tree: Tree, node: FieldNode, field: FieldSchema, seen: Survey): void {
  const { value } = node;
  if (value.kind === 'message') {
    seen.colons += node.colon ? 1 : -1;
    if (field.label === 'repeated') seen.blocks += 1;
    if (field.label === 'map') seen.shortEntries += tree.text.slice(value.start, value.end).includes('\n') ? -1 : 1;
  } else if (value.kind === 'list' && value.items.length > 0) {
    if (field.type.kind === 'message') seen.blocks -= 1;
    else seen.padded += tree.text[value.start + 1] === ' ' ? 1 : -1;
  }
}

function unitOf(tree: Tree, message: MessageNode): string | undefined {
  const first = message.fields[0];
  const inner = first === undefined ? undefined : indentBefore(tree.text, first.start);
  if (inner === undefined) return undefined;
  const lineStart = tree.text.lastIndexOf('\n', message.start - 1) + 1;
  const outer = /^[ \t]*/.exec(tree.text.slice(lineStart, message.start))?.[0] ?? '';
  return inner.startsWith(outer) && inner.length > outer.length ? inner.slice(outer.length) : undefined;
}
