import { readFileSync, statSync } from 'node:fs';
import { Failure, messageOf } from '../failure.ts';

export type Headers = readonly (readonly [name: string, value: string])[];

const fileLimitBytes = 64 * 1024;

/**
 * Headers from the command line, from a file and from the environment, one to a line as NAME: VALUE; blank lines and lines that
 * begin with # are passed over.
 * @throws Failure (usage) that names the place and never the text: it may be a secret.
 */
export function readHeaders(given: {
  readonly options: readonly string[];
  readonly file: string | undefined;
  readonly environment: string | undefined;
}): Headers {
  const file = given.file === undefined ? [] : linesOf(readSmall(given.file));
  return [
    ...linesOf(given.environment ?? '').map((line) => headerOf(line, 'a header in TRITUNE_HEADERS')),
    ...file.map((line) => headerOf(line, `a header in ${given.file}`)),
    ...given.options.map((line, index) => headerOf(line, `header ${index + 1} of the command line`)),
  ];
}

/** What the server's words are not told with: the values, and of "Bearer TOKEN" the token; none under 6 characters. */
export function secretsOf(headers: Headers): string[] {
  return headers
    .flatMap(([, value]) => [value, value.replace(/^\S+\s+/, '')])
    .filter((text) => text.length >= shortestSecret)
    .toSorted((a, b) => b.length - a.length);
}

/** For words of a server, which may send a header back; not for what is rendered, where a value may stand for itself. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((left, secret) => left.replaceAll(secret, '***'), text);
}

/** Shorter values are words such as "1" and "gzip", which stand everywhere. */
const shortestSecret = 6;

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

function headerOf(line: string, where: string): readonly [string, string] {
  const colon = line.indexOf(':');
  if (colon > 0) return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  throw new Failure('usage', 'header', `${where} has no name before a colon`, {
    hint: 'write a header as NAME:VALUE',
  });
}

/** @throws Failure (usage) for a file that is missing, no file or large. */
export function readSmall(file: string): string {
  try {
    const found = statSync(file);
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > fileLimitBytes) throw new Error(`it is larger than ${fileLimitBytes} bytes`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(
      'usage',
      'file',
      `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? messageOf(error)}`,
      {
        hint: 'name a file that is there',
      },
    );
  }
}
