import type { FieldNode, ListNode, MessageNode, Tree } from './document.ts';
import { skipBlanks } from './lexer.ts';
import { indentBefore, type Layout, type Style } from './render.ts';
import type { Span } from './source.ts';

/** A range of a text and what takes its place. */
export type Splice = Span & { readonly text: string };

/** A new piece of text in the layout that its place asks for. */
export type Piece = (layout: Layout) => string;

const restOfLine = /[ \t\v\f]*(?:#[^\n]*?)?(?=\r?\n|$)/y;

/** The text with every splice made; where two removals overlap, both ranges go. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const ordered = splices.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let result = '';
  let at = 0;
  for (const splice of ordered) {
    result += text.slice(at, splice.start) + splice.text;
    at = Math.max(at, splice.end);
  }
  return result + text.slice(at);
}

/** Puts a field into a message: behind `after`, else behind its last field, on a line of its own where fields have one. */
export function insertField(
  tree: Tree,
  container: MessageNode,
  piece: Piece,
  options: { style: Style; after?: FieldNode },
): Splice[] {
  const { style, after } = options;
  const anchor = after ?? container.fields.at(-1);
  if (anchor === undefined) return [insertFirst(tree, container, piece, style)];
  const { mark, splices } = separatorFor(tree, container, anchor);
  const indent = indentBefore(tree.text, anchor.start);
  const lineEnd = blankUntilLineEnd(tree.text, anchor.separatorEnd);
  if (lineEnd !== undefined) {
    const own =
      indent ?? indentOfLine(tree.text, anchor.start) + (startsOnLineOf(tree, container, anchor) ? style.unit : '');
    return [...splices, insertAt(lineEnd, style.newline + own + piece({ indent: own }) + mark)];
  }
  const closes = skipBlanks(tree.text, anchor.separatorEnd) === container.end - 1 && container !== tree.root;
  if (indent !== undefined && closes) {
    return [...splices, insertAt(anchor.separatorEnd, style.newline + indent + piece({ indent }) + mark)];
  }
  const gap = /\w/.test(tree.text[anchor.separatorEnd] ?? '') ? ' ' : '';
  return [...splices, insertAt(anchor.separatorEnd, ` ${piece('inline')}${mark}${gap}`)];
}

/** Puts an element behind the last one of `[ ... ]`. */
export function appendItem(tree: Tree, list: ListNode, piece: Piece, style: Style): Splice[] {
  const last = list.items.at(-1);
  if (last === undefined) return [insertOnly(tree, list, piece, style)];
  const indent = indentBefore(tree.text, last.start);
  if (indent === undefined) {
    const single = !tree.text.slice(last.start, last.end).includes('\n');
    const layout = single ? 'inline' : { indent: indentOfLine(tree.text, last.end - 1) };
    return [insertAt(last.end, `, ${piece(layout)}`)];
  }
  const text = style.newline + indent + piece({ indent });
  const lineEnd = blankUntilLineEnd(tree.text, last.end);
  if (lineEnd === undefined) return [insertAt(last.end, `,${text}`)];
  return [insertAt(last.end, ','), insertAt(lineEnd, text)];
}

/** Takes a field out: its lines with the comment behind it where it has them for itself, else only its own text. */
export function removeField(tree: Tree, field: FieldNode): Splice {
  return removeSpan(tree.text, field.start, field.separatorEnd);
}

/** Takes one element of several out of `[ ... ]`, with the comma that parted it. */
export function removeItem(tree: Tree, list: ListNode, index: number): Splice[] {
  const item = list.items[index];
  const before = list.items[index - 1];
  if (item === undefined) throw new Error(`the list has no element ${index}`);
  if (index < list.items.length - 1) return [removeSpan(tree.text, item.start, skipBlanks(tree.text, item.end) + 1)];
  if (before === undefined) throw new Error('the only element goes with its list');
  const comma = skipBlanks(tree.text, before.end);
  return [{ start: comma, end: comma + 1, text: '' }, removeSpan(tree.text, item.start, item.end)];
}

function removeSpan(text: string, from: number, to: number): Splice {
  const indent = indentBefore(text, from);
  const lineEnd = blankUntilLineEnd(text, to);
  if (indent !== undefined && lineEnd !== undefined) {
    const newline = text.indexOf('\n', lineEnd);
    return { start: from - indent.length, end: newline === -1 ? text.length : newline + 1, text: '' };
  }
  const blanksBefore = /[ \t]*$/.exec(text.slice(Math.max(0, from - 200), from))?.[0].length ?? 0;
  const blanksAfter = /^[ \t]*/.exec(text.slice(to, to + 200))?.[0].length ?? 0;
  const start = indent === undefined ? from - blanksBefore : from;
  const end = indent === undefined ? to : to + blanksAfter;
  const joins = /\w/.test(text[start - 1] ?? '') && /\w/.test(text[end] ?? '');
  return { start, end, text: joins ? ' ' : '' };
}

function insertFirst(tree: Tree, container: MessageNode, piece: Piece, style: Style): Splice {
  const { text } = tree;
  if (container === tree.root) {
    const before = text === '' || text.endsWith('\n') ? '' : style.newline;
    return insertAt(text.length, before + piece({ indent: '' }) + style.newline);
  }
  const [start, end] = [container.start + 1, container.end - 1];
  return insertBetween(tree, { start, end }, piece, style) ?? { start, end, text: ` ${piece('inline')} ` };
}

function insertOnly(tree: Tree, list: ListNode, piece: Piece, style: Style): Splice {
  const [start, end] = [list.start + 1, list.end - 1];
  const between = insertBetween(tree, { start, end }, piece, style);
  if (between !== undefined) return between;
  const outer = indentOfLine(tree.text, list.start);
  const indent = outer + style.unit;
  const element = piece({ indent });
  if (!element.startsWith('{')) return { start, end, text: style.padded ? ` ${element} ` : element };
  return { start, end, text: `${style.newline}${indent}${element}${style.newline}${outer}` };
}

/** A place on a line of its own before the closing bracket, where the brackets are on different lines. */
function insertBetween(tree: Tree, inside: Span, piece: Piece, style: Style): Splice | undefined {
  const { text } = tree;
  const newline = text.lastIndexOf('\n', inside.end - 1);
  if (newline < inside.start) return undefined;
  const indent = (indentBefore(text, inside.end) ?? '') + style.unit;
  const at = newline > inside.start && text[newline - 1] === '\r' ? newline - 1 : newline;
  return insertAt(at, style.newline + indent + piece({ indent }));
}

/** The separator that the message's fields end with, and what gives the anchor one if it lacks it. */
function separatorFor(tree: Tree, container: MessageNode, anchor: FieldNode): { mark: string; splices: Splice[] } {
  const markOf = (field: FieldNode) =>
    field.separatorEnd > field.end ? (tree.text[field.separatorEnd - 1] ?? '') : '';
  const marks = container.fields.map(markOf);
  const used = marks[0] ?? '';
  if (used === '' || marks.slice(0, -1).includes('')) return { mark: '', splices: [] };
  if (markOf(anchor) !== '')
    return { mark: marks.at(-1) === '' && anchor === container.fields.at(-1) ? '' : used, splices: [] };
  return { mark: '', splices: [insertAt(anchor.end, used)] };
}

function startsOnLineOf(tree: Tree, container: MessageNode, anchor: FieldNode): boolean {
  return container !== tree.root && !tree.text.slice(container.start, anchor.start).includes('\n');
}

function indentOfLine(text: string, offset: number): string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? '';
}

/** Where the line ends if only blanks and a comment follow the offset on it. */
function blankUntilLineEnd(text: string, offset: number): number | undefined {
  restOfLine.lastIndex = offset;
  const rest = restOfLine.exec(text);
  return rest === null ? undefined : offset + rest[0].length;
}

function insertAt(offset: number, text: string): Splice {
  return { start: offset, end: offset, text };
}
