import { Failure } from '../../failure.ts';

const mostLevels = 1_000;

/**
 * Levels of load from text: `8`; `1,2,4,8`; or `start:end:step` as perf_analyzer has it, the end included where a step
 * meets it, the step 1 where left out. Ascending, each above 0; `whole` levels are counts (concurrency), others rates.
 * @throws Failure (usage) for anything else, and for more than 1000 levels.
 */
export function parseLevels(text: string, { whole }: { readonly whole: boolean }): number[] {
  const levels = text.includes(':') ? range(text) : text.split(',').map((word) => number(word, text));
  levels.forEach((level, index) => {
    if (level <= 0) throw unreadable(text, `${level} is not above 0`);
    if (whole && !Number.isSafeInteger(level)) throw unreadable(text, `${level} is not a whole number`);
    if (index > 0 && level <= (levels[index - 1] ?? 0)) throw unreadable(text, `${level} does not ascend`);
  });
  return levels;
}

function range(text: string): number[] {
  const words = text.split(':');
  const [start = 0, end = 0, step = 1] = words.map((word) => number(word, text));
  if (words.length > 3) throw unreadable(text, 'there are more than three parts');
  if (step <= 0) throw unreadable(text, `the step ${step} is not above 0`);
  if (end < start) throw unreadable(text, `it ends at ${end}, below its start`);
  // A little over, so that 0.1:0.3:0.1 has its 0.3.
  const count = Math.floor((end - start) / step + 1e-9) + 1;
  if (count > mostLevels) {
    const hint = `name at most ${mostLevels} levels: take a larger step, start:end:step`;
    throw unreadable(text, `${count} levels are more than ${mostLevels}`, hint);
  }
  return Array.from({ length: count }, (_, index) => Number((start + index * step).toPrecision(12)));
}

function number(word: string, text: string): number {
  const value = /^\s*(\d+\.?\d*|\.\d+)\s*$/.test(word) ? Number(word) : Number.NaN;
  if (!Number.isFinite(value)) throw unreadable(text, `${JSON.stringify(word)} is no number`);
  return value;
}

function unreadable(
  text: string,
  why: string,
  hint = 'write one level (8), a list (1,2,4,8) or start:end:step (10:100:10)',
): Failure {
  return new Failure('usage', 'levels', `levels ${JSON.stringify(text)}: ${why}`, { hint });
}
