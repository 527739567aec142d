import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import { runProgram } from './program.ts';

export const projectFolder = fileURLToPath(new URL('../../', import.meta.url));

let runtime: string | undefined;

/** Where the runs of this process see each other, and those of no other test. */
function runtimeFolder(): string {
  if (runtime !== undefined) return runtime;
  const made = mkdtempSync(join(tmpdir(), 'tritune-runtime-'));
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  runtime = made;
  return made;
}

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
    cwd: projectFolder,
    projectFolder,
    stdout: output('stdout'),
    stderr: output('stderr'),
    signal: new AbortController().signal,
    ...host,
    env: { XDG_RUNTIME_DIR: runtimeFolder(), ...host.env },
  });
  return { code, ...written };
}
