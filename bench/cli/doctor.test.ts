import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
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
    assert.deepEqual(statuses(ran), {
      Node: 'ok',
      engine: 'ok',
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
    for (const { status, finding } of checks) assert(stdout.includes(finding) && stdout.includes(status));
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
    assert.deepEqual(statuses(ran), { Node: 'ok', engine: 'ok', plan: 'error' });
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

function found({ stdout }: Ran, what: string): Checks['checks'][number] {
  return (
    (JSON.parse(stdout) as Checks).checks.find((check) => check.what === what) ?? assert.fail(`no check of ${what}`)
  );
}

/** A host with fewer cores than instances is warned of it. */
function threads(instances: number): Record<string, string> {
  return instances > navigator.hardwareConcurrency ? { threads: 'warning' } : {};
}
