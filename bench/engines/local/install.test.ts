import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../failure.ts';
import { requires } from '../../testing/requires.ts';
import { checkHost, findPython } from './host.ts';
import { installTriton } from './install.ts';
import { lockInstallation } from './installation-lock.ts';
import { requirements } from './python-packages.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tritune-install-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a host for Triton', () => {
  it('is Linux on x86_64 with glibc 2.35 or newer', () => {
    for (const glibc of ['2.35', '2.41', '3.0']) checkHost({ platform: 'linux', arch: 'x64', glibc });
    for (const [host, code] of [
      [{ platform: 'darwin', arch: 'x64', glibc: undefined }, 'unsupported-host'],
      [{ platform: 'linux', arch: 'arm64', glibc: '2.41' }, 'unsupported-host'],
      [{ platform: 'linux', arch: 'x64', glibc: '2.31' }, 'old-glibc'],
      [{ platform: 'linux', arch: 'x64', glibc: undefined }, 'old-glibc'],
    ] as const) {
      assert.throws(() => checkHost(host), failure(code, /./));
    }
  });

  it('has a Python of a supported series, whichever name it goes by', async () => {
    addPython('python3', '{"version":"3.13.1","series":"3.13","canMakeVenv":true,"libraryFolders":[]}');
    addPython('python3.11', '{"version":"3.11.2","series":"3.11","canMakeVenv":true,"libraryFolders":["/none"]}');
    assert.deepEqual(await findPython({ PATH: `${root}/bin` }), {
      command: 'python3.11',
      version: '3.11.2',
      series: '3.11',
      libraryFolder: undefined,
    });
  });

  it('is told what it lacks where it has none', async () => {
    await assert.rejects(findPython({ PATH: `${root}/bin` }), failure('no-python', /there is no python3 on PATH/));
    addPython('python3', '{"version":"3.11.2","series":"3.11","canMakeVenv":false,"libraryFolders":[]}');
    addPython('python3.12', 'not JSON');
    await assert.rejects(
      findPython({ PATH: `${root}/bin` }),
      failure('no-python', /python3 \(3\.11\.2\) has no venv module$/),
    );
  });
});

describe('installing Triton', () => {
  it('returns at once where it is installed already', requires('triton'), async () => {
    const lines: string[] = [];
    const project = fileURLToPath(new URL('../../../', import.meta.url));
    await installTriton({ root: project, env: {}, report: (line) => lines.push(line) });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^Triton is installed: \//);
  });

  it('shows the end of what pip said, and does not count as done', async () => {
    addPython('python3', usablePython, 'for i in $(seq 1 40); do echo "pip line $i"; done; exit 1');
    await assert.rejects(install(), (error) => {
      failure('pip-failed', /-m pip failed$/)(error);
      const lines = (error as Failure).hint?.split('\n') ?? [];
      assert.deepEqual([lines.length, lines[1], lines.at(-1)], [16, 'pip line 26', 'pip line 40']);
      return true;
    });
    assert.deepEqual(readdirSync(join(root, '.triton')), ['venv']);
  });

  it('begins again with an empty environment where the one that is there no longer works', async () => {
    addPython('python3', usablePython, 'echo "ran $1 $2"; exit 1');
    mkdirSync(join(root, '.triton/venv/bin'), { recursive: true });
    writeFileSync(
      join(root, '.triton/venv/tritune-installed.json'),
      JSON.stringify({ requirements, python: '3.11.2' }),
    );
    const lines: string[] = [];
    await assert.rejects(install(undefined, lines), failure('pip-failed', /-m pip failed$/));
    assert.match(lines[0] ?? '', /^what was there does not work: /);
    assert.match(lines[1] ?? '', /^making a Python 3\.11\.2 environment/);
  });

  it('stops with the reason of the signal, its lock let go', async () => {
    addPython('python3', usablePython, 'sleep 20');
    const caller = new AbortController();
    const reason = new Error('interrupted');
    const installing = install(caller.signal);
    while (!existsSync(join(root, '.triton/venv/bin/python'))) await delay(5);
    caller.abort(reason);
    await assert.rejects(installing, reason);
    assert.deepEqual(readdirSync(join(root, '.triton')), ['venv']);
  });

  it('keeps a second one out while the first runs, and takes over from one that died', () => {
    {
      using _first = lockInstallation(root);
      assert.throws(() => lockInstallation(root), failure('install-runs', new RegExp(`process ${process.pid} is`)));
    }
    for (const left of ['999999999', '', 'nonsense']) {
      writeFileSync(join(root, 'installing.pid'), left);
      using _taken = lockInstallation(root);
    }
    assert.deepEqual(readdirSync(root), []);
  });
});

const usablePython = '{"version":"3.11.2","series":"3.11","canMakeVenv":true,"libraryFolders":[]}';

function install(signal?: AbortSignal, lines: string[] = []): Promise<void> {
  return installTriton({
    root,
    env: { PATH: `${root}/bin:/usr/bin:/bin` },
    report: (line) => lines.push(line),
    ...(signal === undefined ? {} : { signal }),
  });
}

function failure(code: string, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert(error instanceof Failure);
    assert.equal(error.exitCode, 3);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

/** A stand-in for a Python: it describes itself as given, and makes venvs whose own Python runs `venvPython`. */
function addPython(name: string, description: string, venvPython = 'exit 1'): void {
  mkdirSync(join(root, 'bin'), { recursive: true });
  const path = join(root, 'bin', name);
  writeFileSync(
    path,
    `#!/bin/sh
if [ "$1" = -I ]; then echo '${description}'; exit 0; fi
mkdir -p "$4/bin"
printf '#!/bin/sh\\n%s\\n' '${venvPython}' > "$4/bin/python.new"
chmod +x "$4/bin/python.new"
mv "$4/bin/python.new" "$4/bin/python"
`,
  );
  chmodSync(path, 0o755);
}
