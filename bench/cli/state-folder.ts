import { join } from 'node:path';
import type { Host } from './host.ts';

/** `$XDG_STATE_HOME/tritune`, by default under the home folder. */
export function stateFolderOf({ env, cwd }: Pick<Host, 'env' | 'cwd'>): string {
  const named = env.XDG_STATE_HOME ?? '';
  return join(named === '' ? join(env.HOME ?? cwd, '.local', 'state') : named, 'tritune');
}
