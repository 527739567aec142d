/** One line of a metrics page that has a value; it may be NaN or infinite. */
export type Sample = {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
};

const sampleLimit = 10_000;
const lineLimit = 16_384;
const labelLimit = 64;

/**
 * Reads the text exposition format of Prometheus: the samples whose name is wanted, in order, 10 000 at the most. Comments, HELP
 * and TYPE lines, lines that are no samples or longer than 16 KiB, timestamps and exemplars are passed over. Never throws.
 */
export function readExposition(text: string, isWanted: (name: string) => boolean): Sample[] {
  const samples: Sample[] = [];
  for (let start = 0; start < text.length && samples.length < sampleLimit; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const sample = end - start > lineLimit ? undefined : readLine(text.slice(start, end), isWanted);
    if (sample !== undefined) samples.push(sample);
    start = end + 1;
  }
  return samples;
}

const namePattern = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const blankPattern = /[ \t]*/y;
const labelPattern = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*/y;
const valuePattern = /[^ \t\r#]+/y;

function readLine(line: string, isWanted: (name: string) => boolean): Sample | undefined {
  const at = skip(line, blankPattern, 0);
  const name = matchAt(line, namePattern, at)?.[0];
  if (name === undefined || !isWanted(name)) return undefined;
  const labels = readLabels(line, skip(line, blankPattern, at + name.length));
  if (labels === undefined) return undefined;
  const text = matchAt(line, valuePattern, skip(line, blankPattern, labels.end))?.[0] ?? '';
  const value = readValue(text);
  return value === undefined ? undefined : { name, labels: labels.found, value };
}

/** The labels in braces, if there are any, and where they end; undefined where they are broken. */
function readLabels(line: string, start: number): { found: Map<string, string>; end: number } | undefined {
  const found = new Map<string, string>();
  if (line[start] !== '{') return { found, end: start };
  let at = start + 1;
  for (;;) {
    const label = matchAt(line, labelPattern, at);
    if (label !== null) {
      const [whole, name = '', value = ''] = label;
      if (found.size === labelLimit) return undefined;
      found.set(name, unescaped(value));
      at += whole.length;
    } else {
      at = skip(line, blankPattern, at);
      return line[at] === '}' ? { found, end: at + 1 } : undefined;
    }
    if (line[at] === '}') return { found, end: at + 1 };
    if (line[at] !== ',') return undefined;
    at += 1;
  }
}

/** As Go writes numbers: decimal digits, `NaN`, `+Inf`, `-Inf`. */
function readValue(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^nan$/i.test(text)) return Number.NaN;
  if (/^\+?inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  return /^-inf(inity)?$/i.test(text) ? Number.NEGATIVE_INFINITY : undefined;
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
}

function skip(line: string, pattern: RegExp, at: number): number {
  return at + (matchAt(line, pattern, at)?.[0].length ?? 0);
}

function matchAt(line: string, pattern: RegExp, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(line);
}
