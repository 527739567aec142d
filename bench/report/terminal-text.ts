/** Columns that a terminal needs for a text without control characters. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

/** The text in exactly `columns` columns: padded with blanks, or cut with an ellipsis. */
export function fitted(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const blanks = columns - columnsOf(text);
  if (blanks >= 0) return side === 'left' ? text + ' '.repeat(blanks) : ' '.repeat(blanks) + text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    if (used + widthOf(character) > columns - 1) break;
    used += widthOf(character);
    kept += character;
  }
  return fitted(`${kept}…`, columns, side);
}

/** Lines of at most `columns` columns, broken at blanks (not at no-break spaces); a longer word stays whole. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && columnsOf(last) + 1 + columnsOf(word) <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function widthOf(character: string): number {
  if (/^[\p{M}\p{Cf}]$/u.test(character)) return 0;
  return /^(?:[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}]|[\u3000-\u303e\uff01-\uff60])$/u.test(
    character,
  )
    ? 2
    : 1;
}
