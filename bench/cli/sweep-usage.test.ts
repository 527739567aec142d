import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type Results, resultsSchema } from '../report/results.ts';
import { readJournal } from '../run/journal.ts';
import { cpuSecondsPer1000, noUsage, type ServerUsage } from '../run/server-usage.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A sweep of the embedded server with one variant and two blocks of one slice; `bin` comes first on its PATH. */
async function swept(
  folder: string,
  plan: string,
  bin = folder,
): Promise<{ code: number | undefined; stderr: string; out: string }> {
  const file = join(folder, 'plan.yaml');
  const out = join(folder, 'run');
  writeFileSync(
    file,
    `name: usage
model: sklearn-onnx
modelRepository: ${join(root, 'model_repository')}
load: { protocol: http, concurrency: 4, batchSize: 1, input: ${join(root, 'data/test_data.csv')} }
variants: [{ id: no-batching, settings: { dynamic_batching: null } }]
${plan}
`,
  );
  const args = ['sweep', file, '--blocks', '2', '--slices', '1', '--out', out, '--quiet'];
  const env = { PATH: `${bin}:${process.env.PATH}`, XDG_STATE_HOME: folder, XDG_RUNTIME_DIR: folder };
  const { exitCode, stderr } = await execa(process.execPath, [join(root, 'bench/main.ts'), ...args], {
    reject: false,
    cwd: root,
    env,
  });
  return { code: exitCode, stderr, out };
}

function resultsIn(out: string): Results {
  return resultsSchema.parse(JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')));
}

/** Of the slices with answers: on a busy host few can be used. */
function usagesIn(out: string): ServerUsage[] {
  return readJournal(out).flatMap((line) => {
    if (line.kind !== 'slice' || line.status !== 'measured') return [];
    const { requestCount, usage } = line.measurement;
    return requestCount > 0 ? (usage ?? []) : [];
  });
}

test('a sweep says what each variant cost the server, and how the GPUs of the host were', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-usage-'));
  try {
    const line = '0, GPU-1, 1980, 2619, 312.5, 51, 97, 10240, 0x0000000000000040, NVIDIA H100';
    writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\necho '${line}'\n`, { mode: 0o755 });
    const { code, stderr, out } = await swept(folder, 'engine: embedded\nobjective: { minimize: cost }');
    // On a busy host the data may not be trusted (4); the run is whole all the same.
    assert([0, 4].includes(code ?? -1), stderr);
    const usages = usagesIn(out);
    assert(usages.length > 0);
    for (const { cpu, residentBytes, gpus } of usages) {
      assert(
        ['threads', 'processes'].includes(cpu?.source ?? '') && (residentBytes ?? 0) > 2 ** 24,
        JSON.stringify(cpu),
      );
      const seconds = cpuSecondsPer1000([{ usage: { ...noUsage, cpu } }]) ?? Number.NaN;
      assert(seconds > 0.001 && seconds < 9, `${seconds} s per 1 000 inferences`);
      assert.deepEqual([gpus?.before[0]?.powerW, gpus?.after[0]?.throttledBy], [312.5, ['hardware thermal slowdown']]);
    }
    const { variants, diagnostics, verdict } = resultsIn(out);
    assert.equal(verdict.objective, 'minimize cost');
    const html = readFileSync(join(out, 'index.html'), 'utf8');
    // One that leaves on a busy host has no estimate.
    const known = variants.filter(({ cpuSecondsPer1000: { point } }) => point !== null);
    assert.equal(html.includes('CPU per 1000'), known.length > 0);
    for (const { cpuSecondsPer1000: cost, resources } of known) {
      assert((cost.lower ?? 0) > 0 && (resources?.cpuCores ?? 0) > 0, JSON.stringify({ cost, resources }));
      assert.deepEqual([resources?.gpus[0]?.name, resources?.gpus[0]?.powerW], ['NVIDIA H100', 312.5]);
      for (const text of ['What the server took', 'NVIDIA H100']) assert(html.includes(text), text);
      assert(diagnostics.some(({ kind }) => kind === 'GPU throttling'));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a server without a metrics page is measured as well, and that is said once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-usage-'));
  try {
    const { code, stderr, out } = await swept(folder, "engine: { kind: embedded, flags: ['--allow-metrics=false'] }");
    assert([0, 4].includes(code ?? -1), stderr);
    const { variants, diagnostics } = resultsIn(out);
    assert(variants.every(({ resources }) => (resources?.failures ?? null) === null));
    const told = diagnostics.filter(({ kind }) => kind === 'metrics');
    assert.deepEqual([told.length, told[0]?.variantIds], [1, []]);
    assert.match(told[0]?.message ?? '', /nobody listens there$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a plan that asks for a cost that cannot be seen is refused before anything is measured', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-usage-'));
  const flags = ['--http-port=0', '--allow-grpc=false', '--allow-metrics=false', '--model-control-mode=explicit'];
  const program = join(root, 'bench/engines/embedded/process.ts');
  const server = execa(process.execPath, [program, `--model-repository=${join(root, 'model_repository')}`, ...flags], {
    reject: false,
  });
  try {
    const [told] = await once(server.stdout, 'data');
    const { port } = JSON.parse(String(told)).ready.http;
    const engine = `engine: { kind: remote, http: '127.0.0.1:${port}' }\nobjective: { minimize: cost }`;
    const { code, stderr } = await swept(folder, engine);
    assert.equal(code, 3, stderr);
    assert.match(
      stderr,
      /the baseline: the processor time of the server cannot be seen, and the plan asks for its cost/,
    );
    assert.match(stderr, /process_cpu_seconds_total/);
  } finally {
    server.kill('SIGKILL');
    await server;
    rmSync(folder, { recursive: true, force: true });
  }
});
