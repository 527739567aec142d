import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';

/** How a command on a small disk ended. */
export type OnDisk = { readonly code: number; readonly stdout: string; readonly stderr: string; readonly pid: number };

export type SmallDisk = {
  /** Where it is mounted, for these commands alone. */
  readonly at: string;
  /** Of tmpfs: 'size=64k', 'size=4k,nr_inodes=1'. */
  readonly options: string;
  /** Where what the commands said is kept; on another disk. */
  readonly folder: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** A step is a command; or room is made on the disk; or all that it holds is copied to a folder. */
export type Step = readonly string[] | 'grow' | { readonly copyTo: string };

const asRoot = process.getuid?.() === 0;
const unshare = ['unshare', ...(asRoot ? [] : ['--map-root-user']), '--mount'];

/** Options for node:test that skip where this system gives nobody a disk of their own. */
export function needsSmallDisk(): { skip?: string } {
  const [program = '', ...words] = [...unshare, 'sh', '-c', 'mount -t tmpfs -o size=4k none /mnt'];
  const { failed, stderr } = execaSync(program, words, { reject: false });
  return failed ? { skip: `no disk can be mounted: ${stderr}` } : {};
}

/** Runs commands one after the other with a small disk that nobody else sees, which goes with the last of them. */
export async function onSmallDisk(disk: SmallDisk, steps: readonly Step[]): Promise<OnDisk[]> {
  mkdirSync(disk.folder, { recursive: true });
  const script = ['set -e', `mount -t tmpfs -o ${quoted(disk.options)} none ${quoted(disk.at)}`];
  let count = 0;
  for (const step of steps) {
    if (step === 'grow') script.push(`mount -o remount,size=64m,nr_inodes=0 ${quoted(disk.at)}`);
    else if ('copyTo' in step) script.push(`cp -a ${quoted(disk.at)}/. ${quoted(step.copyTo)}`);
    else {
      const to = (name: string): string => quoted(join(disk.folder, `${count}.${name}`));
      const words = step.map(quoted).join(' ');
      script.push(
        `sh -c 'echo $$ >"$0"; exec "$@"' ${to('pid')} ${words} >${to('out')} 2>${to('err')} </dev/null && code=0 || code=$?`,
      );
      script.push(`echo $code >${to('code')}`);
      count += 1;
    }
  }
  const [program = '', ...words] = [...unshare, 'sh', '-c', script.join('\n')];
  await execa(program, words, { cwd: disk.cwd, env: disk.env, extendEnv: false });
  return Array.from({ length: count }, (_, index) => {
    const read = (name: string): string => readFileSync(join(disk.folder, `${index}.${name}`), 'utf8');
    return { code: Number(read('code')), stdout: read('out'), stderr: read('err'), pid: Number(read('pid')) };
  });
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
