import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import type { Engine } from '../engines/engine.ts';
import { installedEngine } from '../engines/local/find.ts';
import { readInstallation } from '../engines/local/installation.ts';
import { cpusOfProcess } from '../engines/placement/pin.ts';
import { Failure } from '../failure.ts';
import { engineOfKind } from '../plan/engine-choice.ts';
import { requires } from '../testing/requires.ts';
import { makeCandidate } from './candidates.ts';
import { Deployment } from './deployment.ts';
import { placeClient, placementOf, processorsFor } from './placing.ts';
import { readModelSource, StagedModel } from './repository.ts';
import { unboundIds } from './unbound-threads.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const model = 'sklearn-onnx';
const source = readModelSource(join(root, 'model_repository'), model);
const here = await placementOf({ placement: { kind: 'none' } }, 'local');
const [first = 0, second] = (await import('../cpu-list.ts')).parseCpuList(here.server) ?? [];
const skip = here.because !== 'no-taskset' && second !== undefined ? false : 'it needs taskset and two CPUs';

let folder: string;
let staged: StagedModel;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-placing-'));
  staged = new StagedModel(source, { folder: join(folder, 'repository'), model });
});
after(() => rmSync(folder, { recursive: true }));

describe('a server on CPUs of its own', { skip }, () => {
  const lists = { kind: 'lists', server: [first], client: [second ?? 0] } as const;

  it('runs there, while the client runs on its own', async () => {
    const placement = await placementOf({ placement: lists }, 'embedded');
    await using _client = await placeClient(placement);
    await using deployment = deploymentOf(embeddedEngine(process.env), { placement });
    const server = await deployment.start();
    assert.deepEqual([cpusOfProcess(server.pid ?? 0), cpusOfProcess('self')], [String(first), String(second)]);
    assert.deepEqual([processorsFor(placement, 64), processorsFor(here, 64)], [2, 64]);
  });

  it('fails a run where the engine does not bind it', async () => {
    const placement = await placementOf({ placement: lists }, 'embedded');
    const real = embeddedEngine(process.env);
    const careless: Engine = { ...real, start: ({ placement: _, ...options }) => real.start(options) };
    await using deployment = deploymentOf(careless, { placement });
    await assert.rejects(deployment.start(), (error) => {
      assert(error instanceof Failure);
      assert.equal(error.exitCode, 3);
      assert.match(error.message, /^the server runs on CPUs \S+, not on \d+$/);
      return true;
    });
  });
});

describe('the environment of a server', () => {
  const withVariables = (environment: Record<string, string>) =>
    deploymentOf(embeddedEngine({ ...process.env, ...environment }), { environment });

  it('has a library preloaded that is there', async () => {
    await using deployment = withVariables({ LD_PRELOAD: 'libutil.so.1' });
    const { pid } = await deployment.start();
    assert.match(readFileSync(`/proc/${pid}/maps`, 'utf8'), /libutil/);
  });

  it('fails a run where a library to be preloaded is not there, which the loader says in passing', async () => {
    await using deployment = withVariables({ LD_PRELOAD: 'libutil.so.1:/no/such/libjemalloc.so' });
    await assert.rejects(deployment.start(), (error) => {
      assert(error instanceof Failure);
      assert.equal(error.exitCode, 3);
      assert.equal(error.message, 'the server runs without /no/such/libjemalloc.so of LD_PRELOAD');
      return true;
    });
  });
});

describe('a host policy', requires('triton'), () => {
  it('is a flag of the server and a field of the config, and comes into force with both', async () => {
    const installation = readInstallation(root);
    assert('found' in installation);
    await using deployment = deploymentOf(installedEngine(installation.found, process.env), {});
    const settings = { 'instance_group.host_policy': 'near', 'server.host-policy': `near,cpu-cores=${first}-${first}` };
    const inForce = await deployment.putInForce(makeCandidate({ id: 'near', settings }, source), 'reload');
    assert('server' in inForce, JSON.stringify(inForce));
    assert(inForce.server.command.includes(`--host-policy=near,cpu-cores=${first}-${first}`));
    const groups = inForce.served.instance_group as { host_policy?: string }[];
    assert.equal(groups[0]?.host_policy, 'near');
  });
});

describe('threads that know of no limit', () => {
  const withThreads = (id: string, settings: Record<string, string | number | null>) =>
    makeCandidate({ id, settings }, source);
  const candidates = [
    withThreads('one', {}),
    withThreads('none', { parameters: null }),
    withThreads('zero', { 'parameters.intra_op_thread_count': 0 }),
    withThreads('gpu', { parameters: null, 'instance_group.kind': 'KIND_GPU' }),
  ];

  it('are those of onnxruntime models without a count, where the server may not use the whole host', () => {
    assert.deepEqual(unboundIds(candidates, { narrowed: true }), ['none', 'zero']);
    assert.deepEqual(unboundIds(candidates, { narrowed: false }), []);
  });
});

function deploymentOf(
  engine: Engine,
  { environment = {}, ...more }: { environment?: Record<string, string>; placement?: typeof here },
): Deployment {
  const choice = engineOfKind('local', { environment });
  const { signal } = new AbortController();
  return new Deployment({ engine, choice, staged, model, autoCompleteConfig: false, signal, ...more });
}
