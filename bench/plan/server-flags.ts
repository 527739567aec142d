import type { Settings, SettingValue } from '../modelconfig/settings.ts';

const prefix = 'server.';

/**
 * What decides where the server listens, what it serves, how long it takes to end and what it says of itself; or opens a
 * port to other hosts.
 */
const own = [
  'allow-http',
  'allow-sagemaker',
  'allow-vertex-ai',
  'backend-directory',
  'disable-auto-complete-config',
  'exit-timeout-secs',
  'grpc-address',
  'grpc-port',
  'http-address',
  'http-port',
  'id',
  'load-model',
  'metrics-address',
  'metrics-port',
  'model-control-mode',
  'model-repository',
  'model-store',
  'repository-poll-secs',
  'run-id',
  'strict-model-config',
];

const valueCharactersMost = 4_096;
const valuesMost = 100;

/** Whether a setting is a flag of the server, `server.http-thread-count`, and no field of config.pbtxt. */
export function isServerFlag(path: string): boolean {
  return path.startsWith(prefix);
}

/** The path under which a flag stands among settings. */
export function flagPath(name: string): string {
  return `${prefix}${name}`;
}

/** The settings that are fields of config.pbtxt. */
export function configSettings(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([path]) => !isServerFlag(path)));
}

/**
 * The words of a command line on which a server runs a variant: those that the plan gives every server, less the flags that
 * the variant sets itself, then its own by name. `null` leaves a flag out, a list repeats it.
 */
export function flagsFor(common: readonly string[], settings: Settings): readonly string[] {
  const ownFlags = serverFlagsOf(settings);
  if (ownFlags.length === 0) return common;
  const names = new Set(ownFlags.map(({ name }) => name));
  return [...withoutFlags(common, names), ...ownFlags.flatMap(({ words }) => words)];
}

/** The flags that a variant sets, by name, with the words that they are on a command line. */
export function serverFlagsOf(settings: Settings): { readonly name: string; readonly words: readonly string[] }[] {
  return Object.entries(settings)
    .filter(([path]) => isServerFlag(path))
    .map(([path, value]) => [path.slice(prefix.length), value] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, words: textsOf(value).map((text) => `--${name}=${text}`) }));
}

/** What is wrong with a setting that is a flag of the server, in words; undefined where nothing is. */
export function wrongFlag(path: string, value: SettingValue): string | undefined {
  const name = path.slice(prefix.length);
  if (!/^[a-z][a-z0-9-]{0,99}$/.test(name))
    return 'is no flag of a server: write server.http-thread-count, without dashes';
  if (isOwnFlag(`--${name}`)) return 'is set by Tritune itself: leave it out';
  const values = Array.isArray(value) ? value : [value];
  if (values.length === 0 || values.length > valuesMost) return `takes a value, or a list of at most ${valuesMost}`;
  if (!values.every((each) => each === null || ['string', 'number', 'boolean'].includes(typeof each)))
    return 'takes a text, a number, true, false, null (leave it out), or a list of these';
  const texts = textsOf(value);
  if (texts.some((text) => /\p{Cc}/u.test(text))) return 'holds control characters';
  if (texts.some((text) => text.length > valueCharactersMost))
    return `is longer than ${valueCharactersMost} characters`;
  if (name === 'backend-config' && texts.some((text) => /^python,shm-region-prefix-name=/.test(text)))
    return 'names the shared memory, which Tritune does itself: leave that out';
  return undefined;
}

/** Whether a word of a command line is a flag that Tritune sets itself. Triton takes the beginning of a flag for the whole. */
export function isOwnFlag(word: string): boolean {
  const name = nameOf(word);
  return name !== undefined && own.some((each) => each.startsWith(name));
}

function nameOf(word: string): string | undefined {
  return /^-{1,2}([^=]+)/.exec(word)?.[1];
}

function textsOf(value: SettingValue): string[] {
  const values: readonly SettingValue[] = Array.isArray(value) ? value : [value];
  return values.filter((each) => each !== null).map(String);
}

/** A flag's value may be a word of its own. */
function withoutFlags(words: readonly string[], names: ReadonlySet<string>): string[] {
  let isLeftOut = false;
  return words.filter((word) => {
    const name = nameOf(word);
    if (name === undefined) return !isLeftOut;
    isLeftOut = names.has(name);
    return !isLeftOut;
  });
}
