import { parseJson } from './json-fields.ts';

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** The same JSON with integers that a double cannot hold as bigint. Several times slower, so only for what needs it. */
export function parseExactJson(text: Uint8Array): unknown {
  parseJson(text);
  const revive: Reviver = (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d{1,40}$/.test(source)
      ? BigInt(source)
      : value;
  return JSON.parse(
    Buffer.from(text)
      .toString('utf8')
      .replace(/^\ufeff/, ''),
    revive as Parameters<typeof JSON.parse>[1],
  );
}
