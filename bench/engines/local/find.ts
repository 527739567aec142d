import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Engine } from '../engine.ts';
import { type LocalProgram, localEngine } from './engine.ts';
import { type Installation, readInstallation, standInServerId } from './installation.ts';

export type FindOptions = {
  /** A `tritonserver` binary; nothing else is looked for where it is given. */
  readonly path?: string;
  /** The project folder, which may hold `.triton/`. */
  readonly root: string;
  /** The environment: PATH is searched, and the server gets all of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** A local engine, its binary, and how that was found: by the path given, on PATH, or under `.triton/`. */
export type FoundLocal = {
  readonly engine: Engine;
  readonly binary: string;
  readonly by: 'path' | 'PATH' | 'installation';
};

/** The local engine: by the path given, else by PATH, else by what `tritune triton install` made; or why there is none. */
export function findLocal(options: FindOptions): FoundLocal | { missing: string } {
  const { path, root, env } = options;
  if (path !== undefined) {
    const absolute = resolve(root, path);
    return isExecutable(absolute)
      ? { engine: localEngine({ tritonserver: absolute, flags: [], env }), binary: absolute, by: 'path' }
      : { missing: `${absolute} is not an executable file` };
  }
  const onPath = searchPath('tritonserver', env.PATH ?? '');
  if (onPath !== undefined)
    return { engine: localEngine({ tritonserver: onPath, flags: [], env }), binary: onPath, by: 'PATH' };
  const installation = readInstallation(root);
  if ('missing' in installation) {
    return { missing: `no tritonserver on PATH, and ${installation.missing}: tritune triton install` };
  }
  const { found } = installation;
  return { engine: installedEngine(found, env), binary: found.tritonserver, by: 'installation' };
}

/** The engine of an installation under `.triton/`. */
export function installedEngine(installation: Installation, env: FindOptions['env']): Engine {
  return localEngine(installedProgram(installation, env));
}

/** What runs of it, and the environment that it needs. */
export function installedProgram(installation: Installation, env: FindOptions['env']): LocalProgram {
  return {
    tritonserver: installation.tritonserver,
    flags: [`--backend-directory=${installation.backendDirectory}`, `--id=${standInServerId}`],
    env: {
      // Its Python onnxruntime may be one that tells its makers of its use.
      ORT_DISABLE_TELEMETRY: '1',
      ...env,
      PATH: inFront(installation.pathPrefix, env.PATH),
      LD_LIBRARY_PATH: inFront(installation.libraryPath, env.LD_LIBRARY_PATH),
      // The stub is to find its own packages and no others.
      PYTHONPATH: undefined,
      PYTHONHOME: undefined,
    },
  };
}

function inFront(added: readonly string[], present: string | undefined): string {
  return [...added, ...(present === undefined || present === '' ? [] : [present])].join(delimiter);
}

function searchPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
