import { messageOf } from '../../failure.ts';
import { wrongData } from './wrong-data.ts';

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** A number as long as one that a double may not hold, outside of a fraction; in a text it costs time and nothing else. */
const perhapsLong = /(?:^|[^\d.])\d{16}/;

/**
 * JSON with each integer that a double cannot hold as bigint.
 * @throws Failure (usage) for text that is no JSON, with where it breaks off, or that is nested too deep.
 */
export function parseExactJson(text: string, file: string): unknown {
  try {
    // Reading with a reviver takes several times as long.
    return perhapsLong.test(text) ? JSON.parse(text, keepLong as Parameters<typeof JSON.parse>[1]) : JSON.parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw wrongData(`${file} is nested too deep`, 'write lists of numbers', error);
    const [reason = ''] = messageOf(error).split('\n');
    throw wrongData(
      `${file} is not JSON: ${reason.replace(/[^\x20-\x7e]/g, '?')}`,
      'NaN and Infinity are no JSON: write them as texts, "NaN"',
      error,
    );
  }
}

const keepLong: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d{1,40}$/.test(source)
    ? BigInt(source)
    : value;
