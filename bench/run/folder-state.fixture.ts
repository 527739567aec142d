import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** All below a folder by path, with kind, mode, content and time of change: two equal states mean that nothing was touched. */
export function folderState(folder: string): [path: string, state: string][] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return paths.map((path) => {
    const full = join(folder, path);
    const stat = lstatSync(full, { bigint: true });
    const content = stat.isFile() ? md5(readFileSync(full)) : stat.isSymbolicLink() ? readlinkSync(full) : 'folder';
    return [path, [content, stat.mode.toString(8), stat.size, stat.mtimeNs].join(' ')];
  });
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
