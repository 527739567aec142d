import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { Failure, messageOf } from '../../failure.ts';
import { checkHost, findPython, type HostPython } from './host.ts';
import { type Installation, manifestPath, readInstallation, standInBackend, tritonFolder } from './installation.ts';
import { lockInstallation } from './installation-lock.ts';
import {
  forgetPackages,
  hasPackages,
  type InstallContext,
  installPackages,
  type PythonPackages,
  requirements,
} from './python-packages.ts';
import { checkServes } from './self-check.ts';

export type InstallOptions = {
  /** The project folder: everything goes to `.triton/` in it. */
  readonly root: string;
  /** Told of each step, one line at a time. */
  readonly report: (line: string) => void;
  /** Stops the installation; the next one goes on from what is whole. */
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string | undefined>>;
};

const backendSource = fileURLToPath(new URL('python-onnxruntime/model.py', import.meta.url));

/**
 * Puts a real tritonserver with a python-based onnxruntime backend under `.triton/`, without root rights or containers.
 * Done already, it returns at once; broken, half done or out of date, it is made again as far as needed.
 * @throws Failure (server) that says what this host lacks.
 */
export async function installTriton(options: InstallOptions): Promise<void> {
  const { root, report, signal, env = process.env } = options;
  const backendDigest = createHash('sha256').update(readFileSync(backendSource)).digest('hex');
  const present = readInstallation(root);
  if ('found' in present && isCurrent(present.found, backendDigest)) {
    report(`Triton is installed: ${present.found.tritonserver}`);
    return;
  }
  checkHost();
  checkRoot(root);
  mkdirSync(tritonFolder(root), { recursive: true });
  using _lock = lockInstallation(tritonFolder(root));
  rmSync(manifestPath(root), { force: true });

  const venv = join(tritonFolder(root), 'venv');
  const isReused = hasPackages(venv);
  const make = () => makeInstallation(root, backendDigest, { env, report, signal });
  const installation = await make().catch((error: unknown) => {
    if (!isReused || signal?.aborted) throw error;
    report(`what was there does not work: ${messageOf(error)}`);
    forgetPackages(venv);
    return make();
  });
  writeManifest(root, installation);
  report(`Triton is installed: ${installation.tritonserver}`);
}

async function makeInstallation(root: string, backendDigest: string, context: InstallContext): Promise<Installation> {
  const python = await findPython(context.env, context.signal);
  const packages = await installPackages(join(tritonFolder(root), 'venv'), python, context);
  context.report('laying out its backends');
  const installation = layOut(tritonFolder(root), { python, packages, backendDigest });
  await checkLibraries(installation, context);
  context.report('starting it once');
  await checkServes(installation, context);
  return installation;
}

function isCurrent(installation: Installation, backendDigest: string): boolean {
  return (
    installation.backendDigest === backendDigest &&
    JSON.stringify(installation.requirements) === JSON.stringify(requirements)
  );
}

/** Copies what the packages bring into the shape that tritonserver wants, with our backend beside it. */
function layOut(
  folder: string,
  made: { python: HostPython; packages: PythonPackages; backendDigest: string },
): Installation {
  const { python, packages, backendDigest } = made;
  const triton = join(packages.folder, 'pytriton', 'tritonserver');
  const tritonserver = join(triton, 'bin', 'tritonserver');
  const backendDirectory = join(folder, 'backends');
  const staged = join(folder, 'backends.new');
  rmSync(staged, { recursive: true, force: true });
  cpSync(join(triton, 'backends'), staged, { recursive: true });
  const stub = join(staged, 'python', 'triton_python_backend_stub');
  cpSync(join(triton, 'python_backend_stubs', python.series, 'triton_python_backend_stub'), stub);
  mkdirSync(join(staged, 'onnxruntime'));
  cpSync(backendSource, join(staged, 'onnxruntime', 'model.py'));
  chmodSync(stub, 0o755);
  chmodSync(tritonserver, 0o755);
  rmSync(backendDirectory, { recursive: true, force: true });
  renameSync(staged, backendDirectory);
  return {
    schemaVersion: 1,
    tritonserver,
    backendDirectory,
    libraryPath: [
      join(packages.folder, 'nvidia_pytriton.libs'),
      ...(python.libraryFolder === undefined ? [] : [python.libraryFolder]),
    ],
    pathPrefix: [join(folder, 'venv', 'bin')],
    pythonVersion: python.version,
    versions: packages.versions,
    backend: standInBackend,
    requirements: [...requirements],
    backendDigest,
  };
}

/** Asks the loader what it would not find: a Python without its shared library is the usual case. */
async function checkLibraries(installation: Installation, context: InstallContext): Promise<void> {
  const stub = join(installation.backendDirectory, 'python', 'triton_python_backend_stub');
  for (const binary of [installation.tritonserver, stub]) {
    const { stdout } = await execa('ldd', [binary], {
      env: { ...context.env, LD_LIBRARY_PATH: installation.libraryPath.join(':') },
      extendEnv: false,
      reject: false,
    });
    const missing = stdout.match(/\S+(?= => not found)/g) ?? [];
    if (missing.length === 0) continue;
    throw new Failure('server', 'libraries-missing', `${binary} needs ${missing.join(', ')}, which this host lacks`, {
      hint: missing.some((library) => library.startsWith('libpython'))
        ? `on Debian or Ubuntu: apt-get install libpython${installation.pythonVersion.split('.', 2).join('.')}`
        : 'install the packages that bring them',
    });
  }
}

function writeManifest(root: string, installation: Installation): void {
  const path = manifestPath(root);
  writeFileSync(`${path}.new`, `${JSON.stringify(installation, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** The python backend starts its processes by a command line of a shell, unquoted. */
function checkRoot(root: string): void {
  if (/^[\w./+-]+$/.test(root)) return;
  throw new Failure('server', 'install-path', `Triton's python backend cannot run under ${root}`, {
    hint: 'move the project to a path of letters, digits and ./_+- only',
  });
}
