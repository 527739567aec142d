import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Where the measuring runs of one user on this host see each other: below `$XDG_RUNTIME_DIR`, else below the folder that this
 * is by convention (a job of cron has no such variable, and must see the run of a login), else in the temporary folder.
 */
export function hostClaimFolder(env: Readonly<Record<string, string | undefined>>): string {
  const uid = process.getuid?.() ?? 0;
  const named = env.XDG_RUNTIME_DIR ?? '';
  const usual = `/run/user/${uid}`;
  const runtime = [named, usual].find((folder) => isAbsolute(folder) && isOwnFolder(folder, uid));
  return runtime === undefined ? join(tmpdir(), `tritune-${uid}`) : join(runtime, 'tritune');
}

function isOwnFolder(folder: string, uid: number): boolean {
  try {
    const found = statSync(folder);
    return found.isDirectory() && found.uid === uid;
  } catch {
    return false;
  }
}
