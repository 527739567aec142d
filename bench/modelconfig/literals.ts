import type { Token } from './lexer.ts';
import { failureAt, quoted, type Source } from './source.ts';

const simpleEscapes: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
  ['\\', 92],
  ['?', 63],
  ["'", 39],
  ['"', 34],
]);
const octal = /[0-7]{1,3}/y;
const hex = /[xX][0-9a-fA-F]{1,2}/y;
const unicode = /u([0-9a-fA-F]{4})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})/y;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text that adjacent string literals stand for together; fails where it is not UTF-8, as Triton's parser does. */
export function decodeStrings(source: Source, tokens: readonly Token[]): string {
  const first = tokens[0];
  if (first === undefined) throw new Error('a string value has at least one literal');
  if (tokens.every((token) => !token.text.includes('\\'))) {
    return tokens.map((token) => token.text.slice(1, -1)).join('');
  }
  const bytes = Buffer.concat(tokens.map((token) => Buffer.concat(literalParts(source, token))));
  try {
    return utf8.decode(bytes);
  } catch {
    throw failureAt(source, first.start, 'the string is not UTF-8 once its escapes are decoded');
  }
}

/** A text as one literal in the quotes given; controls become octal escapes, everything else stays readable. */
export function encodeString(text: string, quote: string): string {
  const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', [quote]: `\\${quote}` };
  const body = Array.from(text, (mark) => {
    const code = mark.codePointAt(0) ?? 0;
    return named[mark] ?? (code < 32 || code === 127 ? `\\${code.toString(8).padStart(3, '0')}` : mark);
  });
  return `${quote}${body.join('')}${quote}`;
}

function literalParts(source: Source, token: Token): Buffer[] {
  const body = token.text.slice(1, -1);
  const parts: Buffer[] = [];
  let at = 0;
  while (at < body.length) {
    const slash = body.indexOf('\\', at);
    if (slash === -1) break;
    parts.push(Buffer.from(body.slice(at, slash)));
    const escaped = readEscape(body, slash + 1);
    if (escaped === undefined) {
      const shown = quoted(body.slice(slash, slash + 10));
      throw failureAt(source, token.start + 1 + slash, `unknown escape in a string: ${shown}`);
    }
    parts.push(escaped.bytes);
    at = slash + 1 + escaped.length;
  }
  parts.push(Buffer.from(body.slice(at)));
  return parts;
}

function readEscape(body: string, at: number): { bytes: Buffer; length: number } | undefined {
  const simple = simpleEscapes.get(body[at] ?? '');
  if (simple !== undefined) return { bytes: Buffer.from([simple]), length: 1 };
  const digits = matchAt(octal, body, at)?.[0];
  if (digits !== undefined) {
    const code = Number.parseInt(digits, 8);
    return code > 255 ? undefined : { bytes: Buffer.from([code]), length: digits.length };
  }
  const hexText = matchAt(hex, body, at)?.[0];
  if (hexText !== undefined) {
    return { bytes: Buffer.from([Number.parseInt(hexText.slice(1), 16)]), length: hexText.length };
  }
  return readUnicode(body, at);
}

function readUnicode(body: string, at: number): { bytes: Buffer; length: number } | undefined {
  const found = matchAt(unicode, body, at);
  if (found === undefined) return undefined;
  const code = Number.parseInt(found[1] ?? found[2] ?? '', 16);
  const length = found[0].length;
  if (code < 0xd800 || code > 0xdfff) return { bytes: Buffer.from(String.fromCodePoint(code)), length };
  const trail = body[at + length] === '\\' ? matchAt(unicode, body, at + length + 1) : undefined;
  const low = Number.parseInt(trail?.[1] ?? '', 16);
  if (trail === undefined || code > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return undefined;
  return { bytes: Buffer.from(String.fromCharCode(code, low)), length: length + 1 + trail[0].length };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
