import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { Mailbox, signals } from './mailbox.ts';

it('gives out what was put in, each tensor joined from its parts and aligned', () => {
  const writer = new Mailbox();
  const reader = new Mailbox(writer.memory);
  const bytes = fc.uint8Array({ maxLength: 50 });
  const value = fc.record({
    name: fc.string(),
    dims: fc.array(fc.nat(0x7fffffff), { maxLength: 6 }),
    parts: fc.array(bytes, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 8 }), fc.nat(), (values, word) => {
      assert.equal(writer.put(values, word), true);
      const taken = reader.take(values.map(({ name }) => name));
      assert.equal(reader.word, word);
      for (const { data } of taken) assert.equal(data.byteOffset % 8, 0);
      const expected = values.map(({ name, dims, parts }) => ({
        name,
        dims,
        data: Buffer.concat(parts).toString('hex'),
      }));
      assert.deepEqual(
        taken.map(({ name, dims, data }) => ({ name, dims, data: Buffer.from(data).toString('hex') })),
        expected,
      );
    }),
    { seed: 7, numRuns: 300 },
  );
});

it('takes in no more than it holds', () => {
  const mailbox = new Mailbox();
  const half = { name: 'x', dims: [1], parts: [new Uint8Array(128 * 1024)] };
  assert.equal(mailbox.put([half, half], 0), true);
  assert.equal(mailbox.put([half, half, { ...half, parts: [new Uint8Array(1)] }], 0), false);
  assert.equal(mailbox.put([{ ...half, dims: [2 ** 31] }], 0), false);
  assert.equal(mailbox.put(Array(400).fill({ name: 'x', dims: [1, 1, 1], parts: [] }), 0), false);
  assert.equal(mailbox.put([half], 5), true);
  assert.equal(mailbox.take(['x'])[0]?.data.byteLength, 128 * 1024);
});

it('takes a wake-up without an answer for none', async () => {
  const mailbox = new Mailbox();
  const words = new Int32Array(mailbox.memory, 0, 2);
  let answer: number | undefined;
  const waiting = mailbox.awaitAnswer().then((signal) => {
    answer = signal;
  });
  for (let round = 0; round < 3; round += 1) {
    Atomics.notify(words, 1);
    await delay(5);
    assert.equal(answer, undefined);
  }
  mailbox.sendAnswer(signals.shared);
  await waiting;
  assert.equal(answer, signals.shared);
});

it('wakes the thread that waits on it', async () => {
  const mailbox = new Mailbox();
  const echo = `
    const { workerData } = require('node:worker_threads');
    import(workerData.url).then(({ Mailbox }) => {
      const mailbox = new Mailbox(workerData.memory);
      for (;;) {
        const order = mailbox.awaitOrder();
        mailbox.sendAnswer(order);
        if (order === ${signals.over}) break;
      }
    });`;
  const url = new URL('./mailbox.ts', import.meta.url).href;
  const worker = new Worker(echo, { eval: true, workerData: { memory: mailbox.memory, url } });
  try {
    for (let round = 0; round < 200; round += 1) {
      const order = round % 2 === 0 ? signals.shared : signals.message;
      mailbox.sendOrder(order);
      assert.equal(await mailbox.awaitAnswer(), order);
    }
  } finally {
    mailbox.sendOrder(signals.over);
    await worker.terminate();
  }
});
