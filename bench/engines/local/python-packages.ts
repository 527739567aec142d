import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { Failure } from '../../failure.ts';
import type { HostPython } from './host.ts';
import { killGroup } from './process-group.ts';

/**
 * nvidia-pytriton brings the tritonserver binary with its python backend, and tritonclient with the message definitions.
 * numpy stays below 2: with numpy 2 that backend answers, successfully, with nothing. The onnxruntime is the newest
 * that the oldest supported Python has.
 */
export const requirements: readonly string[] = ['nvidia-pytriton==0.7.0', 'onnxruntime==1.23.2', 'numpy==1.26.4'];

export type InstallContext = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal | undefined;
};

/** What a venv holds: its site-packages folder and the versions of the packages in it. */
export type PythonPackages = { readonly folder: string; readonly versions: Readonly<Record<string, string>> };

const markName = 'tritune-installed.json';
const shownLineCount = 15;

/** Makes the venv and installs the requirements, unless that was done whole before. @throws Failure (server). */
export async function installPackages(
  venv: string,
  python: HostPython,
  context: InstallContext,
): Promise<PythonPackages> {
  const mark = join(venv, markName);
  const wanted = JSON.stringify({ requirements, python: python.version });
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
    rmSync(mark, { force: true });
    context.report(`making a Python ${python.version} environment in ${venv}`);
    await run([python.command, '-m', 'venv', '--clear', venv], 'no-venv', context);
    context.report(`installing ${requirements.join(', ')} (about 450 MB on disk)`);
    await run(
      [
        join(venv, 'bin', 'python'),
        '-m',
        'pip',
        'install',
        '--no-input',
        '--disable-pip-version-check',
        '--prefer-binary',
        ...requirements,
      ],
      'pip-failed',
      context,
    );
    writeFileSync(mark, wanted);
  }
  return describePackages(venv, context);
}

/** Whether an installation was made whole in this venv; it may have been damaged since. */
export function hasPackages(venv: string): boolean {
  return existsSync(join(venv, markName));
}

/** Makes the next installation begin with an empty venv. */
export function forgetPackages(venv: string): void {
  rmSync(join(venv, markName), { force: true });
}

const describingScript = `
import importlib.metadata, json, sysconfig
names = ("nvidia-pytriton", "onnxruntime", "numpy", "tritonclient")
print(json.dumps({
    "folder": sysconfig.get_path("purelib"),
    "versions": {name: importlib.metadata.version(name) for name in names},
}))
`;

async function describePackages(venv: string, context: InstallContext): Promise<PythonPackages> {
  const output = await run([join(venv, 'bin', 'python'), '-I', '-c', describingScript], 'venv-broken', context);
  return JSON.parse(output) as PythonPackages;
}

async function run(command: readonly [string, ...string[]], code: string, context: InstallContext): Promise<string> {
  const [file, ...args] = command;
  const { env, signal } = context;
  signal?.throwIfAborted();
  // A group of its own, so that an end reaches the processes that pip and venv start in turn.
  const child = execa(file, args, { env, extendEnv: false, reject: false, all: true, stdin: 'ignore', detached: true });
  const end = () => {
    if (child.pid !== undefined) killGroup(child.pid);
  };
  signal?.addEventListener('abort', end);
  process.once('exit', end);
  const result = await child;
  signal?.removeEventListener('abort', end);
  process.off('exit', end);
  if (!result.failed) return result.stdout;
  signal?.throwIfAborted();
  const lines = (result.all ?? '').split('\n').slice(-shownLineCount);
  throw new Failure('server', code, `${[file, ...args.slice(0, 2)].join(' ')} failed`, {
    hint: `the end of what it said:\n${lines.join('\n').trim() || result.shortMessage}`,
    cause: result,
  });
}
