import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import type { Engine } from '../engines/engine.ts';
import { installedEngine } from '../engines/local/find.ts';
import { readInstallation } from '../engines/local/installation.ts';
import { leftoversOf } from '../engines/local/leftovers.ts';
import { engineOfKind } from '../plan/engine-choice.ts';
import { requires } from '../testing/requires.ts';
import { type Candidate, makeCandidate } from './candidates.ts';
import { Deployment, type InForce, type Refused } from './deployment.ts';
import { serverFacts } from './flag-proof.ts';
import { readModelSource, StagedModel } from './repository.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const model = 'sklearn-onnx';
const source = readModelSource(join(root, 'model_repository'), model);
const choice = engineOfKind('local');
const baseline = candidate('baseline', {});
const two = candidate('two', { 'instance_group.count': 2 });
const delayed = candidate('delayed', { 'dynamic_batching.max_queue_delay_microseconds': 300 });

describeWays('embedded', () => embeddedEngine(process.env), {});
describeWays('local', installed, requires('triton'));

function describeWays(name: string, makeEngine: () => Engine, options: { skip?: string }): void {
  describe(`variants on the ${name} engine`, options, () => {
    let folder: string;
    let staged: StagedModel;
    let deployment: Deployment;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'tritune-deployment-'));
      staged = new StagedModel(source, { folder: join(folder, 'repository'), model });
      const { signal } = new AbortController();
      deployment = new Deployment({ engine: makeEngine(), choice, staged, model, autoCompleteConfig: false, signal });
    });
    after(async () => {
      await deployment[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
      assert.deepEqual(leftoversOf(process.pid), []);
    });

    it('lie side by side under names of their own, each with its own configuration, until the server is a new one', async () => {
      await deployment.fresh([baseline, two, delayed]);
      const first = inForce(await deployment.putInForce(two, 'colocate'));
      const { control } = first.server;
      for (const name of [0, 1, 2].map((number) => `${model}__${number}`)) assert(await control.modelReady(name), name);
      assert.equal(await control.modelReady(model), false);
      const loaded = [first];
      for (const each of [baseline, delayed, two]) loaded.push(inForce(await deployment.putInForce(each, 'colocate')));
      assert.deepEqual(
        loaded.map(({ model: served }) => served),
        [1, 0, 2, 1].map((number) => `${model}__${number}`),
      );
      assert.deepEqual(
        loaded.map(({ served }) => [served.name, countOf(served), delayOf(served)]),
        [
          [`${model}__1`, 2, 0],
          [`${model}__0`, 1, 0],
          [`${model}__2`, 1, 300],
          [`${model}__1`, 2, 0],
        ],
      );
      assert(loaded.every(({ server, applied }) => server === first.server && applied === 'colocate'));
      // What the load took is known of a copy that is used again.
      assert.equal(loaded[3]?.loadMs, first.loadMs);
      await deployment.fresh([two]);
      const again = inForce(await deployment.putInForce(two, 'colocate'));
      assert.notEqual(again.server.pid, first.server.pid);
      assert.equal(await again.server.control.modelReady(`${model}__0`), false);
    });

    it('that the server would run otherwise than asked, or not at all, are refused beside the others', async () => {
      const otherwise = { ...candidate('otherwise', {}), config: two.config };
      const broken = candidate('broken', { backend: 'nope' });
      await deployment.fresh([baseline, otherwise, broken]);
      assert.match(
        reasonOf(await deployment.putInForce(otherwise, 'colocate')),
        /instance_group\[0\]\.count is 1, not 2/,
      );
      assert.match(reasonOf(await deployment.putInForce(broken, 'colocate')), /nope/);
      inForce(await deployment.putInForce(baseline, 'colocate'));
    });

    it('get a server process each by restart', async () => {
      const pids = [];
      for (const each of [two, two, delayed]) {
        const { server, served, applied, model: name } = inForce(await deployment.putInForce(each, 'restart'));
        assert.deepEqual([applied, name], ['restart', model]);
        assert.deepEqual([countOf(served), delayOf(served)], each === two ? [2, 0] : [1, 300]);
        pids.push(server.pid);
      }
      assert.equal(new Set(pids).size, 3);
    });

    it('share a server as long as their flags are the same, which stand on its command line', async () => {
      // Log levels are known to both servers; verbose logs of loads cost nothing here.
      const verbose = candidate('verbose', { 'server.log-verbose': 1 });
      const both = candidate('both', { 'server.log-verbose': 1, 'instance_group.count': 2 });
      const servers = [];
      for (const each of [baseline, two, verbose, both, baseline])
        servers.push(inForce(await deployment.putInForce(each, 'reload')).server);
      const pids = servers.map(({ pid }) => pid);
      assert.deepEqual(
        [pids[0] === pids[1], pids[1] === pids[2], pids[2] === pids[3], pids[3] === pids[4]],
        [true, false, true, false],
      );
      assert.deepEqual(
        servers.map(({ command }) => command.includes('--log-verbose=1')),
        [false, false, true, true, false],
      );
      assert(!deployment.identity?.command.includes('--log-verbose=1'));
    });

    it('are refused with what the server says of a flag that it does not know', async () => {
      const wrong = candidate('wrong', { 'server.no-such-flag': 1 });
      assert.match(
        reasonOf(await deployment.putInForce(wrong, 'reload')),
        /does not start with these flags: .*no-such-flag/,
      );
      const served = inForce(await deployment.putInForce(two, 'reload'));
      assert.equal(countOf(served.served), 2);
    });

    it(
      name === 'embedded' ? 'are refused with a flag that changes nothing there' : 'have what Triton logs of a flag',
      async () => {
        const lax = candidate('lax', { 'server.strict-readiness': false });
        const result = await deployment.putInForce(lax, 'reload');
        if (name === 'embedded') return assert.match(reasonOf(result), /makes nothing of --strict-readiness/);
        const { command, told, pid } = serverFacts(inForce(result).server, lax.variant.settings);
        assert.deepEqual([told, command.at(-1)], [{ 'strict-readiness': '0' }, '--strict-readiness=false']);
        assert.equal(pid, inForce(result).server.pid);
      },
    );
  });
}

function installed(): Engine {
  const installation = readInstallation(root);
  if ('missing' in installation) throw new Error(installation.missing);
  return installedEngine(installation.found, process.env);
}

function candidate(id: string, settings: Candidate['variant']['settings']): Candidate {
  return makeCandidate({ id, settings }, source);
}

function inForce(result: InForce | Refused): InForce {
  if ('refused' in result) assert.fail(result.refused);
  return result;
}

function reasonOf(result: InForce | Refused): string {
  return 'refused' in result ? result.refused : assert.fail('it is in force');
}

function countOf({ instance_group: groups }: InForce['served']): number {
  return Number((groups as readonly { count?: unknown }[])[0]?.count);
}

function delayOf({ dynamic_batching: batching }: InForce['served']): number {
  return Number(
    (batching as { max_queue_delay_microseconds?: unknown } | undefined)?.max_queue_delay_microseconds ?? 0,
  );
}
