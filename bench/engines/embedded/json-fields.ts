import { CoreError } from './failures.ts';

export type JsonObject = { readonly [key: string]: unknown };

/** As objects, JSON takes up to 40 times its length in memory, and no one else is served while it is read. */
export const jsonLimitBytes = 16 * 1024 * 1024;

/** The JSON text of a request. @throws CoreError: INTERNAL, as Triton counts it, INVALID_ARG for more than is read. */
export function parseJson(text: Uint8Array): unknown {
  const { buffer, byteOffset, byteLength } = text;
  if (byteLength > jsonLimitBytes) {
    const hint = 'send larger tensors as binary data';
    throw new CoreError('INVALID_ARG', `the request JSON takes more than ${jsonLimitBytes} bytes; ${hint}`);
  }
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const start = byteLength >= 3 && bytes.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
  try {
    return JSON.parse(bytes.toString('utf8', start));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CoreError('INTERNAL', `failed to parse the request JSON buffer: ${reason}`);
  }
}

/** Own members of an object; anything else has none. */
export function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member that must be there and be text. */
export function requiredText(value: unknown, key: string): string {
  const found = member(value, key);
  if (found === undefined) throw unparsable(key, `attempt to access non-existing object member '${key}'`);
  return asText(found, key);
}

export function asText(found: unknown, key: string): string {
  if (typeof found === 'string') return found;
  throw unparsable(key, 'attempt to access JSON non-string as string');
}

export function asList(found: unknown, key: string): readonly unknown[] {
  if (Array.isArray(found)) return found;
  throw unparsable(key, 'attempt to access JSON non-array as array');
}

export function asBoolean(found: unknown, key: string): boolean {
  if (typeof found === 'boolean') return found;
  throw unparsable(key, 'attempt to access JSON non-boolean as boolean');
}

export function asCount(found: unknown, key: string, verb: 'parse' | 'set' = 'parse'): number {
  if (typeof found === 'number' && Number.isInteger(found) && found >= 0) return found;
  throw unparsable(key, 'attempt to access JSON non-unsigned-integer as unsigned-integer', verb);
}

/** Triton counts what does not have the right JSON type as an internal error. */
export function unparsable(key: string, reason: string, verb: 'parse' | 'set' = 'parse'): CoreError {
  return new CoreError('INTERNAL', `Unable to ${verb} '${key}': ${reason}`);
}
