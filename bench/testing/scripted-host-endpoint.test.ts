import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { KServeClient } from '../kserve/client.ts';
import { countersBetween, readCounters } from '../kserve/statistics.ts';
import { decodeElements } from '../kserve/tensors.ts';
import { plainHost } from './scripted-host.ts';
import { ScriptedHostEndpoint } from './scripted-host-endpoint.ts';
import { scriptedInput, scriptedModel } from './scripted-model.ts';

let repository = '';
const configure = (text: string): void => {
  mkdirSync(join(repository, scriptedModel), { recursive: true });
  writeFileSync(join(repository, scriptedModel, 'config.pbtxt'), text);
};

describe('a scripted host in real time', () => {
  beforeEach(() => {
    repository = mkdtempSync(join(tmpdir(), 'tritune-scripted-'));
  });
  afterEach(() => rmSync(repository, { recursive: true, force: true }));

  const serving = async (work: (client: KServeClient) => Promise<void>): Promise<void> => {
    const endpoint = new ScriptedHostEndpoint(plainHost(2, 40e6), repository);
    try {
      await work(new KServeClient(`http://127.0.0.1:${await endpoint.listen()}`));
    } finally {
      await endpoint.stop();
    }
  };
  const inputs = [scriptedInput([[1, 2, 3, 4]])];

  it('serves the configuration that lay in the repository when it was loaded', () =>
    serving(async (client) => {
      configure('max_batch_size: 4 instance_group { count: 2 }');
      assert.equal(await client.modelReady(scriptedModel), false);
      await client.load(scriptedModel);
      assert.deepEqual(await client.config(scriptedModel), { max_batch_size: 4, instance_group: [{ count: 2 }] });
      configure('max_batch_size: 5');
      assert.equal((await client.config(scriptedModel)).max_batch_size, 4);
      await client.reload(scriptedModel);
      assert.equal((await client.config(scriptedModel)).max_batch_size, 5);
      configure('max_batch_size: five');
      await assert.rejects(client.load(scriptedModel), /failed to load 'scripted'/);
    }));

  it('answers rightly, when the host has done the work', () =>
    serving(async (client) => {
      configure('max_batch_size: 1');
      await client.load(scriptedModel);
      const before = readCounters(await client.statistics(scriptedModel));
      const startMs = performance.now();
      const ends = await Promise.all(
        [1, 2, 3].map(async () => {
          const [total] = await client.infer(scriptedModel, inputs);
          assert.deepEqual(decodeElements('FP32', total?.data ?? new Uint8Array()), [10]);
          return performance.now() - startMs;
        }),
      );
      const [first = 0, second = 0, third = 0] = ends.sort((a, b) => a - b);
      assert(first >= 40 && second >= 80 && third >= 120, ends.join());
      const { executionCount, success, computeInfer } = countersBetween(
        before,
        readCounters(await client.statistics(scriptedModel)),
      );
      assert.deepEqual([executionCount, success.count, Math.round(computeInfer.ns / 1e6)], [3, 3, 120]);
    }));
});
