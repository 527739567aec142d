import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import { runProgram } from './program.ts';

export const projectFolder = fileURLToPath(new URL('../../', import.meta.url));

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs one command line in this process. */
export async function tritune(args: readonly string[], given: Partial<Host> & { isTTY?: boolean } = {}): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const { isTTY = false, ...host } = given;
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
    },
    isTTY,
    columns: 100,
  });
  const code = await runProgram({
    args,
    env: {},
    cwd: projectFolder,
    projectFolder,
    stdout: output('stdout'),
    stderr: output('stderr'),
    signal: new AbortController().signal,
    ...host,
  });
  return { code, ...written };
}
