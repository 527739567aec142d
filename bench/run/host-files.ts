import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What cannot be seen, most of all from inside a guest: never a good sign, and never compared. */
export const unknown = 'unknown' as const;

/** The text of a file of /proc or /sys below `root`, "/" of a host, without white space around it; undefined where there is none. */
export function readHostFile(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The names in a folder, in order; none where there is no such folder. */
export function listHostFolder(root: string, path: string): string[] {
  try {
    return readdirSync(join(root, path)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch {
    return [];
  }
}
