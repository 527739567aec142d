import { parsePath } from '../modelconfig/path.ts';
import type { SettingValue } from '../modelconfig/settings.ts';
import { configSettings, flagPath, serverFlagsOf } from '../plan/server-flags.ts';
import type { Candidate } from './candidates.ts';
import { flagStatus, type ServerFacts } from './flag-proof.ts';

/**
 * How a setting was seen to be in force: a field of the schema that the server reports back is verified. A key under
 * `parameters` is only stored by Triton: it is observed where the backend's log names the value that it runs with, and
 * accepted with unknown effect elsewhere. So is a flag of the server that stands on its command line; where the server's log tells
 * the value that it runs with, the flag is verified.
 */
export type SettingProof = {
  readonly path: string;
  readonly status: 'verified' | 'observed' | 'accepted, effect unknown';
};

/**
 * One proof per setting of a variant whose served config was compared with the asked one already; `log` since its load, `told`
 * what the server says of its flags.
 */
export function proveSettings(
  { variant: { settings } }: Candidate,
  log: readonly string[],
  told: ServerFacts['told'] = {},
): SettingProof[] {
  const flags = serverFlagsOf(settings).map(({ name, words }) => ({
    path: flagPath(name),
    status: flagStatus(words, told[name]),
  }));
  const fields = Object.entries(configSettings(settings)).map(([path, value]) => ({
    path,
    status: statusOf(path, value, log),
  }));
  return [...fields, ...flags];
}

function statusOf(path: string, value: SettingValue, log: readonly string[]): SettingProof['status'] {
  const [first, second] = parsePath(path);
  if (first?.field.name !== 'parameters') return 'verified';
  const key = first.kind === 'entry' ? first.key : undefined;
  const plain = typeof value === 'number' || typeof value === 'string';
  if (
    key === undefined ||
    !plain ||
    (second !== undefined && second.field.name !== 'string_value' && second.field.name !== 'value')
  ) {
    return 'accepted, effect unknown';
  }
  const said = `${key}=${value}`;
  return log.some((line) => line.split(/[\s,;]+/).includes(said)) ? 'observed' : 'accepted, effect unknown';
}
