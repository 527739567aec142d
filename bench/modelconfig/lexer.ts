import { failureAt, quoted, type Source, type Span } from './source.ts';

export type Token = Span & {
  readonly kind: 'identifier' | 'integer' | 'float' | 'string' | 'symbol' | 'end';
  readonly text: string;
};

const blank = /[ \t\r\n\v\f]*/y;
const identifier = /[A-Za-z_]\w*/y;
const number = /0[xX][0-9a-fA-F]+|0\d+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?/y;
const symbols = new Set('{}<>[]:,;-./');

/**
 * Tokens of the protobuf text format, one at a time, as the C++ tokenizer that Triton uses splits them; blanks and `#`
 * comments lie between tokens and belong to none. A numeral carries no sign: `-` is a token of its own.
 */
export class Lexer {
  readonly source: Source;
  /** The token not consumed yet. */
  current: Token;
  /** End of the token consumed last. */
  previousEnd = 0;

  constructor(source: Source) {
    this.source = source;
    this.current = tokenAt(source, 0);
  }

  /** Consumes the current token and returns it. */
  next(): Token {
    const token = this.current;
    this.previousEnd = token.end;
    this.current = tokenAt(this.source, token.end);
    return token;
  }

  /** Consumes the current token if it is this symbol. */
  accept(symbol: string): boolean {
    if (!this.at(symbol)) return false;
    this.next();
    return true;
  }

  at(symbol: string): boolean {
    return this.current.kind === 'symbol' && this.current.text === symbol;
  }
}

function tokenAt(source: Source, from: number): Token {
  const { text } = source;
  const start = skipBlanks(text, from);
  if (start >= text.length) return { kind: 'end', text: '', start, end: start };
  const first = text[start] ?? '';
  const word = matchAt(identifier, text, start);
  if (word !== undefined) return { kind: 'identifier', text: word, start, end: start + word.length };
  const numeral = matchAt(number, text, start);
  if (numeral !== undefined) return numberToken(source, start, numeral);
  if (first === '"' || first === "'") return stringToken(source, start, first);
  if (symbols.has(first)) return { kind: 'symbol', text: first, start, end: start + 1 };
  if (first === '\uFEFF') {
    const hint = 'save the file as UTF-8 without a byte order mark: Triton refuses it too';
    throw failureAt(source, start, 'a byte order mark is no part of a config', hint);
  }
  throw failureAt(source, start, `unexpected character ${quoted(String.fromCodePoint(text.codePointAt(start) ?? 0))}`);
}

/** The offset of the next token: behind blanks and `#` comments. */
export function skipBlanks(text: string, from: number): number {
  let at = from;
  for (;;) {
    blank.lastIndex = at;
    at = blank.test(text) ? blank.lastIndex : at;
    if (text[at] !== '#') return at;
    const lineEnd = text.indexOf('\n', at);
    at = lineEnd === -1 ? text.length : lineEnd;
  }
}

function numberToken(source: Source, start: number, text: string): Token {
  const end = start + text.length;
  const hex = /^0x/i.test(text);
  if (!hex && /^0\d*[89]/.test(text) && /^\d+$/.test(text)) {
    throw failureAt(source, start, `${quoted(text)} starts with 0, so its digits must be octal (0 to 7)`);
  }
  if (/[\w.]/.test(source.text[end] ?? '')) {
    const whole = /^[\w.]{1,40}/.exec(source.text.slice(start, start + 40))?.[0] ?? text;
    throw failureAt(source, start, `${quoted(whole)} is not a number`);
  }
  const integer = hex || /^\d+$/.test(text);
  return { kind: integer ? 'integer' : 'float', text, start, end };
}

function stringToken(source: Source, start: number, quote: string): Token {
  const { text } = source;
  for (let at = start + 1; at < text.length; at++) {
    const mark = text[at];
    if (mark === quote) return { kind: 'string', text: text.slice(start, at + 1), start, end: at + 1 };
    if (mark === '\n') throw failureAt(source, start, 'the string does not end on its line');
    if (mark === '\\' && text[at + 1] !== '\n') at += 1;
  }
  throw failureAt(source, start, 'the string does not end');
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? text.slice(at, pattern.lastIndex) : undefined;
}
