import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { Failure } from '../../failure.ts';

/** A Python on this host that can hold the installation. */
export type HostPython = {
  readonly command: string;
  /** "3.11.7", and its "3.11". */
  readonly version: string;
  readonly series: string;
  /** The folder of its shared library, where it has one that the loader would not find by itself. */
  readonly libraryFolder: string | undefined;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** numpy 1.26 exists for these; with numpy 2 this Triton's answers are empty. */
const supportedSeries = ['3.10', '3.11', '3.12'];
const neededGlibc = [2, 35] as const;

/** @throws Failure (server) where this kind of host cannot run the Triton that a package brings. */
export function checkHost(host: { platform: string; arch: string; glibc: string | undefined } = thisHost()): void {
  if (host.platform !== 'linux' || host.arch !== 'x64') {
    throw new Failure(
      'server',
      'unsupported-host',
      `Triton installs on Linux x86_64, not on ${host.platform} ${host.arch}`,
      {
        hint: 'use the docker engine or a remote one',
      },
    );
  }
  const [major = 0, minor = 0] = (host.glibc ?? '0.0').split('.').map(Number);
  const [neededMajor, neededMinor] = neededGlibc;
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw new Failure(
    'server',
    'old-glibc',
    `Triton needs glibc ${neededGlibc.join('.')} or newer, this host has ${host.glibc ?? 'another C library'}`,
    { hint: 'Debian 12 and Ubuntu 22.04 are new enough; else use the docker engine or a remote one' },
  );
}

/** The first Python of a supported series on PATH. @throws Failure (server) that says what to install. */
export async function findPython(env: Environment, signal?: AbortSignal): Promise<HostPython> {
  const seen: string[] = [];
  for (const command of ['python3', ...supportedSeries.toReversed().map((series) => `python${series}`)]) {
    const description = await describePython(command, env, signal);
    if (description === undefined) continue;
    const { series, version, canMakeVenv } = description;
    if (supportedSeries.includes(series) && canMakeVenv) {
      return { command, version, series, libraryFolder: libraryFolderOf(description) };
    }
    seen.push(canMakeVenv ? `${command} is ${version}` : `${command} (${version}) has no venv module`);
  }
  const found = seen.length === 0 ? 'there is no python3 on PATH' : seen.join(', ');
  throw new Failure('server', 'no-python', `Triton needs Python ${supportedSeries.join(', ')} with venv: ${found}`, {
    hint: 'on Debian or Ubuntu: apt-get install python3 python3-venv',
  });
}

const describingScript = `
import importlib.util, json, platform, sys, sysconfig
print(json.dumps({
    "version": platform.python_version(),
    "series": "%d.%d" % sys.version_info[:2],
    "canMakeVenv": all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip")),
    "libraryFolders": [folder for folder in (
        sysconfig.get_config_var("LIBDIR"),
        "/usr/lib/" + (sysconfig.get_config_var("MULTIARCH") or ""),
    ) if folder],
}))
`;

const pythonDescription = z.object({
  version: z.string(),
  series: z.string(),
  canMakeVenv: z.boolean(),
  libraryFolders: z.array(z.string()),
});

async function describePython(
  command: string,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<z.infer<typeof pythonDescription> | undefined> {
  const { failed, isCanceled, stdout } = await execa(command, ['-I', '-c', describingScript], {
    env,
    extendEnv: false,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (isCanceled) signal?.throwIfAborted();
  if (failed) return undefined;
  try {
    return pythonDescription.parse(JSON.parse(stdout));
  } catch {
    return undefined;
  }
}

function libraryFolderOf(python: z.infer<typeof pythonDescription>): string | undefined {
  return python.libraryFolders.find((folder) => existsSync(join(folder, `libpython${python.series}.so.1.0`)));
}

function thisHost(): { platform: string; arch: string; glibc: string | undefined } {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return { platform: process.platform, arch: process.arch, glibc: header.glibcVersionRuntime };
}
