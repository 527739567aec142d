import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';

/** What some tests need beyond Node: each is found where the project's own commands put it, or on PATH. */
export type Need = 'python' | 'triton' | 'train' | 'chromium' | 'docker';

/** The name of the image that Docker's tests serve with. */
export const dockerTestImage = 'tritune-test';

const root = fileURLToPath(new URL('../../', import.meta.url));

type Finding = { found: string } | { missing: string };

const findings: Record<Need, () => Finding> = {
  python: () => findPython(),
  triton: () => findFile(`${root}.triton/installation.json`, 'no Triton under .triton/: npm run triton:install'),
  train: () => findFile(`${root}.venv/bin/python`, 'no training environment under .venv/: npm run train'),
  chromium: () =>
    succeeds('chromium', ['--version'])
      ? { found: 'chromium' }
      : { missing: 'no chromium on PATH: apt-get install chromium' },
  docker: () => findDockerImage(),
};

/**
 * Options for node:test that skip with the reason where a need is missing. `TRITUNE_REQUIRE=python,triton` (CI) turns
 * that skip into a failure: a check that silently stops running is worse than one that fails.
 */
export function requires(...needs: Need[]): { skip?: string } {
  const demanded = (process.env.TRITUNE_REQUIRE ?? '').split(',');
  for (const need of needs) {
    const finding = findOnce(need);
    if ('found' in finding) continue;
    if (demanded.includes(need)) throw new Error(`TRITUNE_REQUIRE names ${need}, but: ${finding.missing}`);
    return { skip: finding.missing };
  }
  return {};
}

/** The Python that has tritonclient's message definitions; only for tests that `requires('python')` let through. */
export function pythonPath(): string {
  const finding = findOnce('python');
  if ('missing' in finding) throw new Error(finding.missing);
  return finding.found;
}

/** Asking some of them takes a second. */
const seen = new Map<Need, Finding>();

function findOnce(need: Need): Finding {
  const finding = seen.get(need) ?? findings[need]();
  seen.set(need, finding);
  return finding;
}

function findPython(): Finding {
  for (const candidate of [`${root}.triton/venv/bin/python`, 'python3']) {
    if (succeeds(candidate, ['-c', 'from tritonclient.grpc import model_config_pb2'])) return { found: candidate };
  }
  return { missing: 'no Python with tritonclient[grpc]: npm run triton:install brings one' };
}

function findDockerImage(): Finding {
  const advice = 'npm run test:docker starts a daemon where it can and makes the image';
  const { failed, stderr = '' } = execaSync('docker', ['image', 'inspect', dockerTestImage], {
    reject: false,
    timeout: 10_000,
  });
  if (!failed) return { found: dockerTestImage };
  const isThere = /no such image/i.test(stderr);
  return { missing: `${isThere ? `no image ${dockerTestImage}` : 'no Docker daemon answers'}: ${advice}` };
}

function findFile(path: string, missing: string): Finding {
  return existsSync(path) ? { found: path } : { missing };
}

function succeeds(command: string, args: string[]): boolean {
  return !execaSync(command, args, { reject: false, stdio: 'ignore' }).failed;
}
