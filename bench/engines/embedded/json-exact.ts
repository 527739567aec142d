import { CoreError } from './failures.ts';
import { parseJson } from './json-fields.ts';

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * The same JSON with integers that a double cannot hold as bigint. Several times slower, so only for what needs it.
 * @throws CoreError (INTERNAL) where it is no JSON, or nested more deeply than can be read.
 */
export function parseExactJson(text: Uint8Array): unknown {
  parseJson(text);
  const revive: Reviver = (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d{1,40}$/.test(source)
      ? BigInt(source)
      : value;
  try {
    return JSON.parse(
      Buffer.from(text)
        .toString('utf8')
        .replace(/^\ufeff/, ''),
      revive as Parameters<typeof JSON.parse>[1],
    );
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CoreError('INTERNAL', 'failed to parse the request JSON buffer: it is nested too deeply');
  }
}
