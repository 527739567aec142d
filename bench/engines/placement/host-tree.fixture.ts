import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What /proc and /sys said on six hosts, by name: file texts by path. */
export const recordedHosts: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(new URL('fixtures/host-trees.json', import.meta.url), 'utf8'),
);

/** A folder that stands for the root of a host. */
export class HostTree implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'tritune-host-'));

  constructor(files: Readonly<Record<string, string>>) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), text);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
