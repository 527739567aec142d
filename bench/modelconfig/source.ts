import { Failure } from '../failure.ts';

/** A text and the name its errors carry. */
export type Source = { readonly file: string; readonly text: string };

/** Half-open range of offsets (UTF-16 units) in a source's text. */
export type Span = { readonly start: number; readonly end: number };

/** `file:line:column` of an offset; lines and columns count from 1, columns in UTF-16 units. */
export function placeOf(source: Source, offset: number): string {
  const before = source.text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line += 1;
  return `${source.file}:${line}:${offset - lineStart + 1}`;
}

/** A usage failure at one place of the source: `file:line:column: what`. */
export function failureAt(source: Source, offset: number, what: string, hint?: string): Failure {
  const message = `${placeOf(source, offset)}: ${what}`;
  return new Failure('usage', 'config-invalid', message, hint === undefined ? {} : { hint });
}

// Controls, separators other than a plain space, and marks that reorder or hide text.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Text of a file as a message may show it: in double quotes, cut to 60 characters, nothing in it that moves a terminal. */
export function quoted(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  const named = (mark: string) => `\\u{${mark.codePointAt(0)?.toString(16)}}`;
  return `"${shown.toWellFormed().replace(unprintable, named)}"`;
}
