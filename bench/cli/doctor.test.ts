import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { cpus, hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { requires } from '../testing/requires.ts';
import { type Ran, tritune } from './host.fixture.ts';
import { variants, Workplace } from './workplace.fixture.ts';

type Checks = { checks: { what: string; status: string; finding: string; advice: string | null }[] };

describe('tritune doctor', requires('triton'), () => {
  it('finds nothing in the way of a small plan', async () => {
    using place = new Workplace();
    const ran = await doctor(place, place.plan(), '--json');
    assert.deepEqual([ran.code, ran.stderr], [0, '']);
    assert.deepEqual(ofPlan(ran), {
      Node: 'ok',
      engine: 'ok',
      ports: 'ok',
      plan: 'ok',
      model: 'ok',
      variants: 'ok',
      'DVC pointer': 'ok',
      input: 'ok',
      ...threads(2),
    });
  });

  it('says in words what it says as JSON, without colour on a pipe', async () => {
    using place = new Workplace();
    const plan = place.plan();
    const { checks } = JSON.parse((await doctor(place, plan, '--json')).stdout) as Checks;
    const { stdout } = await doctor(place, plan);
    // What a host does meanwhile changes from one look to the next.
    const lasting = checks.filter(({ what }) => !['steal', 'other work', 'disk space'].includes(what));
    assert(lasting.length > 8);
    for (const { status, finding } of lasting) assert(stdout.includes(finding) && stdout.includes(status), finding);
    assert.doesNotMatch(stdout, new RegExp(String.fromCharCode(27)));
  });

  it('warns of a queue delay that every request must wait for', async () => {
    using place = new Workplace();
    place.editConfig('dynamic_batching { }', 'dynamic_batching { max_queue_delay_microseconds: 1000 }');
    const ran = await doctor(place, place.plan(), '--json');
    assert.equal(ran.code, 0);
    const check = found(ran, 'queue delay');
    assert.equal(check.status, 'warning');
    assert.equal(
      check.finding,
      'in a closed loop of 2 the delay is the limit: baseline at most 2000/s, count-2 at most 2000/s',
    );
  });

  it('warns of a model that is not the one that its pointer names', async () => {
    using place = new Workplace();
    writeFileSync(join(place.model, '1', 'model.onnx'), 'other');
    const ran = await doctor(place, place.plan(), '--json');
    assert.equal(ran.code, 0);
    const check = found(ran, 'DVC pointer');
    assert.equal(check.status, 'warning');
    assert.match(check.finding, /model\.onnx is not the file that \S+model\.onnx\.dvc points to/);
  });

  it('exits with 2 for an error in the plan, and still looks at the rest', async () => {
    using place = new Workplace();
    const ran = await doctor(
      place,
      place.plan({ variants: [{ id: 'v', settings: { nope: 1 } }], load: { input: 'none.csv' } }),
      '--json',
    );
    assert.equal(ran.code, 2);
    const { variants: settings, input, engine, model } = statuses(ran);
    assert.deepEqual([settings, input, engine, model], ['error', 'error', 'ok', 'ok']);
  });

  it('exits with 2 for a plan that cannot be read, as a finding among the others', async () => {
    using place = new Workplace();
    const ran = await doctor(place, 'given/none.yaml', '--json');
    assert.deepEqual([ran.code, ran.stderr], [2, '']);
    assert.deepEqual(ofPlan(ran), { Node: 'ok', engine: 'ok', ports: 'ok', plan: 'error' });
    assert.equal(found(ran, 'plan').finding, 'there is no plan given/none.yaml');
  });

  it('exits with 3 where there is none of the engine asked for', async () => {
    using place = new Workplace();
    for (const engine of ['local', { kind: 'local', path: '/no/tritonserver' }, 'docker']) {
      const ran = await doctor(place, place.plan({ engine, variants: [variants.shortDelay] }), '--json', {
        projectFolder: place.folder,
      });
      assert.equal(ran.code, 3);
      assert.equal(found(ran, 'engine').status, 'error');
    }
  });

  it('exits with 3 where a port of the plan is taken, and says which', async () => {
    using place = new Workplace();
    await using taken = await listening();
    const ran = await doctor(place, place.plan({ engine: { kind: 'embedded', httpPort: taken.port } }), '--json');
    assert.equal(ran.code, 3);
    assert.equal(found(ran, 'ports').finding, `http port ${taken.port} on 127.0.0.1 is already in use`);
  });

  it('exits with 2 for CPUs that this host has not, and still looks at the rest', async () => {
    using place = new Workplace();
    const plan = place.plan({ engine: 'embedded', placement: { server: '0', client: '16000' } });
    const ran = await doctor(place, plan, '--json');
    assert.equal(ran.code, 2);
    assert.equal(found(ran, 'placement').finding, 'placement names CPUs that may not be used: 16000');
    assert.equal(found(ran, 'variants').status, 'ok');
  });

  it('exits with 2 for a GPU that is asked for and is not there', async () => {
    using place = new Workplace();
    const gpu = { id: 'gpu', settings: { 'instance_group.kind': 'KIND_GPU' } };
    const ran = await doctor(place, place.plan({ engine: 'embedded', variants: [gpu] }), '--json');
    const check = ofPlan(ran).GPU;
    // On a host that has one there is nothing to be told.
    assert.deepEqual([check ?? 'none', ran.code], check === undefined ? ['none', 0] : ['error', 2]);
  });

  it('says of what it cannot see that it is unknown, and of the noise floor how old it is', async () => {
    using place = new Workplace();
    const state = join(place.folder, 'state');
    const env = { XDG_STATE_HOME: state };
    const plan = place.plan({ engine: 'embedded' });
    const before = await tritune(['doctor', plan, '--json'], { cwd: place.folder, env });
    assert.deepEqual([found(before, 'noise floor').status, before.code], ['unknown', 0]);
    mkdirSync(join(state, 'tritune'), { recursive: true });
    const cpu = cpus()[0]?.model.trim() ?? 'unknown';
    const floor = {
      schemaVersion: 1,
      measuredAt: '2020-01-01T00:00:00.000Z',
      host: `${hostname()}, ${cpu}, ${cpus().length} cores`,
      engine: 'embedded 0.1.0 (x)',
      model: 'm',
      load: 'l',
      residualSd: 0.0512,
      slicesPerBlock: 4,
      blockSd: 0.1,
      lag1: 0,
      blocks: 8,
    };
    writeFileSync(join(state, 'tritune', `noise-${'0'.repeat(16)}.json`), JSON.stringify(floor));
    writeFileSync(join(state, 'tritune', `noise-${'1'.repeat(16)}.json`), '{');
    const after = found(await tritune(['doctor', plan, '--json'], { cwd: place.folder, env }), 'noise floor');
    assert.equal(after.status, 'warning');
    assert.match(after.finding, /^5\.1 % a block, measured \d{4,} days ago \(embedded 0\.1\.0 \(x\)\)$/);
  });

  it('says which tritonserver it found, and where', async () => {
    using place = new Workplace();
    assert.match(
      found(await doctor(place, place.plan(), '--json'), 'engine').finding,
      /^local: \/\S+\/tritonserver \(.+\)$/,
    );
    const binary = join(place.folder, 'tritonserver');
    writeFileSync(binary, '#!/bin/sh\n', { mode: 0o755 });
    const named = await doctor(place, place.plan({ engine: { kind: 'local', path: '../tritonserver' } }), '--json');
    assert.equal(found(named, 'engine').finding, `local: ${binary} (as the plan says)`);
    const { stdout } = await tritune(['doctor', place.plan(), '--json'], {
      cwd: place.folder,
      env: { PATH: place.folder },
    });
    assert.match(stdout, /\/tritonserver \(on PATH\)/);
  });

  it('warns that a sweep without a Triton is a rehearsal, and says how to get one', async () => {
    using place = new Workplace();
    const ran = await doctor(place, place.plan(), '--json', { projectFolder: place.folder });
    assert.equal(ran.code, 0);
    const check = found(ran, 'engine');
    assert.equal(check.status, 'warning');
    assert.match(check.finding, /^on the embedded server, as a rehearsal: no tritonserver on PATH/);
    assert.match(check.advice ?? '', /npm run triton:install/);
  });
});

function doctor(place: Workplace, ...given: (string | { projectFolder: string })[]): Promise<Ran> {
  const args = given.filter((each) => typeof each === 'string');
  const host = given.find((each) => typeof each === 'object');
  return tritune(['doctor', ...args], { cwd: place.folder, ...host });
}

function statuses({ stdout }: Ran): Record<string, string> {
  return Object.fromEntries((JSON.parse(stdout) as Checks).checks.map(({ what, status }) => [what, status]));
}

/** Without what depends on the host that this runs on. */
function ofPlan(ran: Ran): Record<string, string> {
  return Object.fromEntries(Object.entries(statuses(ran)).filter(([what]) => !hostChecks.includes(what)));
}

const hostChecks = [
  ...['placement', 'governor', 'steal', 'other work', 'CPU quota', 'noise floor', 'disk space', 'measuring run'],
];

function found({ stdout }: Ran, what: string): Checks['checks'][number] {
  return (
    (JSON.parse(stdout) as Checks).checks.find((check) => check.what === what) ?? assert.fail(`no check of ${what}`)
  );
}

/** A host with fewer cores than instances is warned of it. */
function threads(instances: number): Record<string, string> {
  return instances > navigator.hardwareConcurrency ? { threads: 'warning' } : {};
}

async function listening(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}
