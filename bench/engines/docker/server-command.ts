import { isAbsolute } from 'node:path';
import { Failure } from '../../failure.ts';

/** A service's command line, less what is put in its place for a run. */
export type GivenCommand = {
  /** The words up to `tritonserver`, itself included where it stands there. */
  readonly program: readonly string[];
  /** Flags of the service that stay as they are. */
  readonly flags: readonly string[];
  /** Where the service has its model repository, inside the container. */
  readonly repository: string;
};

const defaultRepository = '/models';

/**
 * Takes a service's command line apart. Its own flags are part of what is deployed, so they stay, unless `isReplaced` says that a
 * run sets them itself.
 * @throws Failure (usage) for a command line that is a script, in which flags cannot be told apart.
 */
export function readCommand(
  service: { readonly command?: unknown; readonly entrypoint?: unknown },
  where: string,
  isReplaced: (word: string) => boolean,
): GivenCommand {
  const words = texts(service.command);
  const entrypoint = texts(service.entrypoint);
  const at = words.findIndex(isServer);
  if (at === -1 && !entrypoint.some(isServer) && words.some((word) => !word.startsWith('-'))) {
    throw new Failure('usage', 'compose', `the command of ${where} is no command line of tritonserver`, {
      hint: 'write it as a list: command: [tritonserver, --model-repository=/models]',
    });
  }
  const program = at === -1 ? (entrypoint.some(isServer) ? [] : ['tritonserver']) : words.slice(0, at + 1);
  const flags = pairs(words.slice(at + 1));
  const repositories = flags
    .filter(({ name }) => name === 'model-repository' || name === 'model-store')
    .map(({ value }) => value);
  const [repository = defaultRepository] = repositories;
  return {
    program,
    flags: flags.filter(({ words: [first = ''] }) => !isReplaced(first)).flatMap((flag) => flag.words),
    repository: isAbsolute(repository) && !repository.includes('://') ? repository : defaultRepository,
  };
}

/** The flags less those that others are given for: what stands later on the command line would be added to them, not replace them. */
export function withoutGiven(flags: readonly string[], given: readonly string[]): string[] {
  const names = new Set(pairs(given).map(({ name }) => name));
  return pairs(flags)
    .filter(({ name }) => !names.has(name))
    .flatMap(({ words }) => words);
}

type Flag = { readonly name: string; readonly value: string; readonly words: readonly string[] };

/** A flag's value may be a word of its own. */
function pairs(words: readonly string[]): Flag[] {
  const found: Flag[] = [];
  for (const word of words) {
    const [, name, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const last = found.at(-1);
    if (name !== undefined) found.push({ name, value: value ?? '', words: [word] });
    else if (last !== undefined) found.splice(-1, 1, { ...last, value: word, words: [...last.words, word] });
    else found.push({ name: '', value: word, words: [word] });
  }
  return found;
}

function isServer(word: string): boolean {
  return /(^|\/)tritonserver$/.test(word);
}

/** Compose has each `$` twice in what it resolved. */
function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((word) => typeof word === 'string').map((word) => word.replaceAll('$$', '$'))
    : [];
}
