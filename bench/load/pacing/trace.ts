import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Failure } from '../../failure.ts';
import type { Schedule } from './schedule.ts';

/** How a trace file is to be read, one number per line. */
export type TraceForm =
  /** Microseconds from each request to the next, as perf_analyzer's `--request-intervals` has them; over again at its end. */
  | 'gaps-us'
  /** Nanoseconds from the start of the load, ascending; sent once. */
  | 'times-ns';

/** Ten million requests per second: no client sends so many. */
const meanGapLeastUs = 0.1;
const traceLimitBytes = 64 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

/**
 * The numbers of a trace file as `form` says.
 * @throws Failure (usage) for a file that is missing, too large, empty, or holds something else.
 */
export async function readTrace(file: string, form: TraceForm): Promise<Schedule> {
  return parseTrace(await readText(file), form, file);
}

/**
 * Blank lines are passed over. `file` is what messages call it.
 * @throws Failure (usage) for what is no such list; gaps must be at least 0, their mean 0.1 us.
 */
export function parseTrace(text: string, form: TraceForm, file = 'the trace'): Schedule {
  const numbers: number[] = [];
  let lastNs = 0;
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((line, index) => {
      const word = line.trim();
      if (word === '') return;
      const value = decimal.test(word) ? Number(word) : Number.NaN;
      if (!Number.isFinite(value)) throw unreadable(`${file}:${index + 1}: not a number of ${unitOf[form]}`, form);
      if (form === 'times-ns' && value < lastNs) {
        throw unreadable(`${file}:${index + 1}: earlier than the line before it`, form);
      }
      lastNs = value;
      numbers.push(value);
    });
  if (numbers.length === 0) throw unreadable(`${file} holds no numbers`, form);
  if (form === 'times-ns') return numbers;
  if (numbers.every((gapUs) => gapUs === 0)) throw unreadable(`${file} has no gap above 0`, form);
  const periodUs = numbers.reduce((sum, gapUs) => sum + gapUs, 0);
  // Its rounds would begin at no number at all.
  if (!Number.isFinite(periodUs)) throw unreadable(`${file} has gaps that add up to more than any time`, form);
  if (periodUs < numbers.length * meanGapLeastUs) {
    throw unreadable(`${file} has gaps of less than ${meanGapLeastUs} microseconds in the mean`, form);
  }
  return repeatedGaps(numbers);
}

/** The first request after the first gap, as perf_analyzer sends it. */
function repeatedGaps(gapsUs: readonly number[]): Schedule {
  return {
    *[Symbol.iterator]() {
      const periodUs = gapsUs.reduce((sum, gapUs) => sum + gapUs, 0);
      for (let round = 0; ; round += 1) {
        let withinUs = 0;
        for (const gapUs of gapsUs) {
          withinUs += gapUs;
          yield (round * periodUs + withinUs) * 1e3;
        }
      }
    },
  };
}

const decimal = /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const unitOf = { 'gaps-us': 'microseconds', 'times-ns': 'nanoseconds' } as const;

/** Reads no more than is allowed, whatever the file's size says: it may grow. */
async function readText(file: string): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  try {
    // A pipe without a writer would be waited for without end, and a device has none.
    if (!(await stat(file)).isFile()) throw unreadable(`${file} is not a file`);
    for await (const piece of createReadStream(file, { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>) {
      sizeBytes += piece.byteLength;
      if (sizeBytes > traceLimitBytes) throw unreadable(`${file} is larger than ${traceLimitBytes} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw unreadable(missing ? `there is no ${file}` : `${file} cannot be read`, 'gaps-us', error);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function unreadable(message: string, form: TraceForm = 'gaps-us', cause?: unknown): Failure {
  const meaning =
    form === 'gaps-us'
      ? 'from each request to the next'
      : 'from the start of the load, each no less than the one before';
  return new Failure('usage', 'trace', message, {
    hint: `a trace file has one number on each line: ${unitOf[form]} ${meaning}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
