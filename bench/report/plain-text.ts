/**
 * One line that is safe to print anywhere: line breaks and tabs become spaces; other control characters, bidirectional and
 * invisible format characters, the line and paragraph separators and lone surrogates become a visible `\u{1b}`.
 */
export function plainText(text: string): string {
  return text.replace(/\r\n|[\t\n\r]/g, ' ').replace(unsafe, visible);
}

/** Like `plainText`, for text of several lines: `\n` stays, a tab becomes two spaces. */
export function plainLines(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => plainText(line.replaceAll('\t', '  ')))
    .join('\n');
}

/** At most `limit` code points; a cut text ends in an ellipsis, which counts as one of them. */
export function clipped(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const points = Array.from(text.slice(0, 2 * limit + 2));
  return points.length <= limit ? text : `${points.slice(0, limit - 1).join('')}…`;
}

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\uFFFE\uFFFF]/gu;

function visible(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
