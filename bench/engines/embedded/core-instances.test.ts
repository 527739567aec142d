import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { tinyModels } from '../local/tiny-models.ts';
import { CoreFixture, floats, requestOf } from './core.fixture.ts';
import { multiplyingModel } from './onnx-model.fixture.ts';

const size = 512;
const slow = multiplyingModel(size, 16);
const askSlow = requestOf('slow', [floats('x', [1, size], Array(size).fill(1))]);

describe('instances', () => {
  it('run at the same time, each in a thread of its own', async () => {
    await using fixture = await CoreFixture.start();
    const rows = 256;
    const config = `max_batch_size: ${rows} instance_group { count: 10 } parameters { key: "intra_op_thread_count" value { string_value: "1" } }`;
    await fixture.load('slow', slow, config);
    const ask = requestOf('slow', [floats('x', [rows, size], Array(rows * size).fill(1))]);
    const started = process.hrtime.bigint();
    await Promise.all(Array.from({ length: 40 }, () => fixture.core.infer(ask)));
    const wallNs = Number(process.hrtime.bigint() - started);
    const [statistics] = fixture.core.statistics('slow');
    assert.equal(statistics?.execution_count, 40);
    // One after the other they would fill the time at most once. Each takes longer than a busy host leaves a thread at work.
    const overlap = statistics.inference_stats.compute_infer.ns / wallNs;
    assert(overlap > 3, `runs overlapped ${overlap} times`);
  });

  it('that die are replaced, and every request after that is answered', async () => {
    const threads: Worker[] = [];
    const watch = (worker: Worker) => threads.push(worker);
    process.on('worker', watch);
    try {
      await using fixture = await CoreFixture.start();
      const { core } = fixture;
      await fixture.load('slow', slow, 'max_batch_size: 1 instance_group { count: 2 }');
      assert.equal(threads.length, 2);
      for (let round = 0; round < 3; round += 1) {
        // Idle when it dies: a thread that is ended inside onnxruntime takes the whole process with it.
        await threads.at(-1)?.terminate();
        const answers = await Promise.all(Array.from({ length: 30 }, () => core.infer(askSlow)));
        assert.equal(answers.length, 30);
        for (let look = 0; look < 500 && threads.length < round + 3; look += 1) await delay(10);
        assert.equal(threads.length, round + 3);
      }
      assert.match(fixture.log.join('\n'), /an instance of 'slow' version 1 died: .*; starting another/);
    } finally {
      process.off('worker', watch);
    }
  });

  it('that cannot come back fail what waits for them, until they can', async () => {
    const threads: Worker[] = [];
    const watch = (worker: Worker) => threads.push(worker);
    process.on('worker', watch);
    try {
      await using fixture = await CoreFixture.start();
      const { core, repository } = fixture;
      await fixture.load('identity', tinyModels.identity, 'max_batch_size: 4 instance_group { count: 1 }');
      repository.write('identity/1/model.onnx', 'garbage');
      await threads[0]?.terminate();
      const ask = requestOf('identity', [floats('x', [1, 1], [1])]);
      await assert.rejects(core.infer(ask), {
        status: 'UNAVAILABLE',
        message: /^model 'identity' has no instance left: /,
      });
      repository.write('identity/1/model.onnx', tinyModels.identity);
      let answer = await core.infer(ask).catch(() => undefined);
      for (let look = 0; look < 20 && answer === undefined; look += 1)
        answer = await core.infer(ask).catch(() => undefined);
      assert.deepEqual(answer?.outputs[0]?.shape, [1, 1]);
    } finally {
      process.off('worker', watch);
    }
  });

  it('are used again by the next load', async () => {
    const threads: Worker[] = [];
    const watch = (worker: Worker) => threads.push(worker);
    process.on('worker', watch);
    try {
      await using fixture = await CoreFixture.start();
      await fixture.load('identity', tinyModels.identity, 'max_batch_size: 4 instance_group { count: 2 }');
      for (let round = 0; round < 20; round += 1) {
        await fixture.core.unload('identity');
        for (let look = 0; look < 500 && !/unloaded/.test(JSON.stringify(fixture.core.index(false))); look += 1)
          await delay(1);
        await fixture.core.load('identity', {});
        const answer = await fixture.core.infer(requestOf('identity', [floats('x', [1, 1], [round])]));
        assert.deepEqual(answer.outputs[0]?.data, floats('x', [1, 1], [round]).data);
      }
      assert(threads.length <= 3);
    } finally {
      process.off('worker', watch);
    }
  });
});

describe('a queue delay that binds', () => {
  it('makes one batch of all that are under way, and holds it for as long', async () => {
    await using fixture = await CoreFixture.start();
    // Long enough that a busy host gives all eight the time to arrive.
    const delayUs = 250_000;
    const config = `max_batch_size: 64 instance_group { count: 1 } dynamic_batching { max_queue_delay_microseconds: ${delayUs} }`;
    await fixture.load('identity', tinyModels.identity, config);
    const request = requestOf('identity', [floats('x', [1, 1], [1])]);
    let tookNs = 0;
    for (let round = 0; round < 4; round += 1) {
      const started = process.hrtime.bigint();
      await Promise.all(Array.from({ length: 8 }, () => fixture.core.infer(request)));
      const roundNs = Number(process.hrtime.bigint() - started);
      assert(roundNs >= delayUs * 1000);
      tookNs += roundNs;
    }
    const [statistics] = fixture.core.statistics('identity');
    const sizes = statistics?.batch_stats.map(({ batch_size: rows, compute_infer: { count } }) => [rows, count]);
    assert.deepEqual(sizes, [[8, 4]]);
    // The first of each eight waits for the whole delay, and none for longer than its round took.
    const queuedNs = statistics?.inference_stats.queue.ns ?? 0;
    assert(queuedNs >= 4 * delayUs * 1000 && queuedNs <= 8 * tookNs);
    assert.equal(statistics?.inference_stats.success.count, 32);
  });
});
