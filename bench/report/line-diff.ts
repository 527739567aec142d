/** One line of a diff; `gap` stands for unchanged lines left out, their number in its text. */
export type DiffLine = { readonly kind: 'same' | 'removed' | 'added' | 'gap'; readonly text: string };

/**
 * A shortest line diff with three lines of context, removed lines before added ones. Texts without a difference give no
 * lines; where more than four million pairs of lines would have to be compared, all old lines are removed and all new added.
 */
export function lineDiff(before: string, after: string): DiffLine[] {
  const old = linesOf(before);
  const now = linesOf(after);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  const head = old.slice(0, start).map(same);
  const tail = end === 0 ? [] : old.slice(-end).map(same);
  const middle = changes(old.slice(start, old.length - end), now.slice(start, now.length - end));
  return middle.length === 0 ? [] : withoutFarLines([...head, ...middle, ...tail]);
}

const context = 3;
const pairLimit = 4_000_000;

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function same(text: string): DiffLine {
  return { kind: 'same', text };
}

/** By the lengths of the longest common subsequences of all pairs of suffixes. */
function changes(old: string[], now: string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: 'removed', text });
  const added = (text: string): DiffLine => ({ kind: 'added', text });
  if (old.length * now.length > pairLimit) return [...old.map(removed), ...now.map(added)];
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const [oldLine, newLine] = [old[i], now[j]];
    if (oldLine !== undefined && oldLine === newLine) {
      lines.push(same(oldLine));
      i += 1;
      j += 1;
    } else if (oldLine !== undefined && (newLine === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(removed(oldLine));
      i += 1;
    } else if (newLine !== undefined) {
      lines.push(added(newLine));
      j += 1;
    }
  }
  return lines;
}

function withoutFarLines(lines: DiffLine[]): DiffLine[] {
  const near = new Uint8Array(lines.length);
  lines.forEach(({ kind }, index) => {
    if (kind !== 'same') near.fill(1, Math.max(0, index - context), index + context + 1);
  });
  const shown: DiffLine[] = [];
  let left = 0;
  lines.forEach((line, index) => {
    if (near[index] !== 1) left += 1;
    if (left > 0 && (near[index] === 1 || index === lines.length - 1)) {
      shown.push({ kind: 'gap', text: left === 1 ? '1 unchanged line' : `${left} unchanged lines` });
      left = 0;
    }
    if (near[index] === 1) shown.push(line);
  });
  return shown;
}
