import { Lexer, type Token } from './lexer.ts';
import { failureAt, quoted, type Source, type Span } from './source.ts';

/** `name: value`, `name { ... }`; `end` lies after the value, `separatorEnd` after the `,` or `;` that may follow. */
export type FieldNode = Span & {
  readonly name: string;
  readonly colon: boolean;
  readonly value: ValueNode;
  readonly separatorEnd: number;
};

export type ValueNode = ScalarNode | ListNode | MessageNode;

/** One scalar: a sign and a word or number, or adjacent string literals. What it means depends on the field's type. */
export type ScalarNode = Span & {
  readonly kind: 'scalar';
  readonly negative: boolean;
  readonly tokens: readonly [Token, ...Token[]];
};

export type ListNode = Span & { readonly kind: 'list'; readonly items: readonly (ScalarNode | MessageNode)[] };

/** `{ ... }` or `< ... >`; the brackets lie inside the span. The document's root has no brackets. */
export type MessageNode = Span & { readonly kind: 'message'; readonly fields: readonly FieldNode[] };

/** A text and the tree of spans that describes it: between the spans lie only blanks, comments and punctuation. */
export type Tree = Source & { readonly root: MessageNode };

const deepest = 100;
const largest = 524_288;
const closers: Record<string, string> = { '{': '}', '<': '>' };

/**
 * The tree of a text in protobuf text format, whatever its field names. Fails with `file:line:column` on a text that is
 * not the format, is nested deeper than 100, or is longer than 512 Ki characters.
 */
export function parseTree(source: Source): Tree {
  const { text } = source;
  if (text.length > largest)
    throw failureAt(source, 0, `${text.length} characters are more than the ${largest} a config may have`);
  if (!text.isWellFormed()) throw failureAt(source, 0, 'the text is not valid Unicode');
  const nul = text.indexOf('\0');
  if (nul !== -1) throw failureAt(source, nul, 'a NUL character is no part of a config');
  const lexer = new Lexer(source);
  const fields: FieldNode[] = [];
  while (lexer.current.kind !== 'end') fields.push(parseField(lexer, 1));
  return { ...source, root: { kind: 'message', start: 0, end: text.length, fields } };
}

function parseField(lexer: Lexer, depth: number): FieldNode {
  const name = lexer.current;
  if (lexer.at('[')) {
    throw failureAt(lexer.source, name.start, 'a ModelConfig has no extensions, so no field name in brackets');
  }
  if (name.kind !== 'identifier') throw unexpected(lexer, 'a field name');
  lexer.next();
  const colon = lexer.accept(':');
  if (!colon && !['{', '<', '['].some((opener) => lexer.at(opener)))
    throw unexpected(lexer, '":" after the field name');
  const value = lexer.at('[') ? parseList(lexer, depth) : parseSingle(lexer, depth);
  if (!lexer.accept(',')) lexer.accept(';');
  const separatorEnd = lexer.previousEnd;
  return { name: name.text, colon, start: name.start, value, end: value.end, separatorEnd };
}

function parseList(lexer: Lexer, depth: number): ListNode {
  const { start } = lexer.next();
  const items: (ScalarNode | MessageNode)[] = [];
  if (!lexer.accept(']')) {
    do items.push(parseSingle(lexer, depth));
    while (lexer.accept(','));
    if (!lexer.accept(']')) throw unexpected(lexer, '"," or "]"');
  }
  return { kind: 'list', items, start, end: lexer.previousEnd };
}

function parseSingle(lexer: Lexer, depth: number): ScalarNode | MessageNode {
  const opener = lexer.current.text;
  const closer = lexer.current.kind === 'symbol' ? closers[opener] : undefined;
  if (closer === undefined) return parseScalar(lexer);
  if (depth >= deepest) throw failureAt(lexer.source, lexer.current.start, `nested deeper than ${deepest} levels`);
  const { start } = lexer.next();
  const fields: FieldNode[] = [];
  while (!lexer.accept(closer)) {
    if (lexer.current.kind === 'end') {
      throw failureAt(lexer.source, start, `this "${opener}" is never closed with "${closer}"`);
    }
    fields.push(parseField(lexer, depth + 1));
  }
  return { kind: 'message', fields, start, end: lexer.previousEnd };
}

function parseScalar(lexer: Lexer): ScalarNode {
  const { start } = lexer.current;
  const negative = lexer.accept('-');
  const first = lexer.current;
  if (first.kind === 'symbol' || first.kind === 'end' || (negative && first.kind === 'string')) {
    throw unexpected(lexer, negative ? 'a number after "-"' : 'a value');
  }
  lexer.next();
  const tokens: [Token, ...Token[]] = [first];
  while (first.kind === 'string' && lexer.current.kind === 'string') tokens.push(lexer.next());
  return { kind: 'scalar', negative, tokens, start, end: lexer.previousEnd };
}

function unexpected(lexer: Lexer, wanted: string): Error {
  const { current, source } = lexer;
  const found = current.kind === 'end' ? 'the end of the file' : quoted(current.text);
  return failureAt(source, current.start, `expected ${wanted}, found ${found}`);
}
