import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startRelay } from '../testing/scripted-relay.ts';
import type { ErrorKind } from './answers.ts';
import type { Contract, Deed } from './transport-contract.test-suite.ts';
import { Conversation, carry, eventually, failed, rightly, type Told } from './transport-contract-talk.test-suite.ts';

/** What becomes of a connection that goes, or is not made. */
export function testLosses({ transport, start }: Contract): void {
  const losses: [what: string, deeds: Deed[], ErrorKind][] = [
    ['that was never answered on', ['reset'], 'reset'],
    ['halfway through its first answer', ['reset-midway'], 'reset'],
    ['halfway through a later answer', ['right', 'reset-midway'], 'reset'],
    ['before the first byte of a later answer', ['right', 'reset'], 'keep-alive-reset'],
    ['before the first byte, behind a wrong answer', ['wrong-values', 'reset'], 'keep-alive-reset'],
  ];
  for (const [what, deeds, kind] of losses) {
    it(`tells of a connection reset ${what} as ${kind}, and makes no other by itself`, async () => {
      await using server = await start(deeds);
      using carried = carry(transport, server.address);
      using talk = await carried.open();
      for (const _ of deeds.slice(1)) await talk.ask(carried.question());
      assert.deepEqual(await talk.ask(carried.question()), failed(kind, false));
      await eventually('it is closed', async () => (await server.record()).openConnectionCount === 0);
      await delay(50);
      const { connectionCount, requestCount } = await server.record();
      assert.deepEqual([connectionCount, requestCount], [1, deeds.length]);
      assert.deepEqual(talk.untaken, []);
    });
  }

  it('tells unasked, and once, that the server closed a connection between two requests', async () => {
    await using server = await start(['right-then-closed']);
    using carried = carry(transport, server.address);
    using talk = await carried.open();
    assert.deepEqual(await talk.ask(carried.question()), rightly);
    assert.deepEqual(await talk.next(), failed('keep-alive-reset', false));
    await eventually('it is closed', async () => (await server.record()).openConnectionCount === 0);
    await delay(30);
    assert.deepEqual(talk.untaken, []);
  });

  it('tells of a connection that is closed before anything was asked', async () => {
    await using server = await start(['right']);
    const relay = await startRelay(server.address.port);
    using carried = carry(transport, relay.address);
    using talk = await carried.open();
    await relay[Symbol.asyncDispose]();
    assert.deepEqual(await talk.next(), failed('keep-alive-reset', false));
    await delay(20);
    assert.deepEqual(talk.untaken, []);
  });

  it('tells where nothing listens', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    using carried = carry(transport, { host: '127.0.0.1', port });
    for (let tries = 0; tries < 2; tries += 1) {
      using talk = new Conversation(carried.carrier);
      assert.deepEqual(await talk.next(), failed('connect', false));
    }
  });
}

/** Answers in whatever pieces the network makes of them. */
export function testWire({ transport, start }: Contract): void {
  for (const pieceBytes of [1, 2, 7, 64]) {
    it(`puts answers together that come in pieces of ${pieceBytes} bytes`, async () => {
      await using server = await start(['right', 'wrong-values', 'right', 'error-status', 'right']);
      await using relay = await startRelay(server.address.port, { pieceBytes });
      using carried = carry(transport, relay.address);
      using talk = await carried.open();
      const told: Told[] = [];
      for (let asked = 0; asked < 5; asked += 1) told.push(await talk.ask(carried.question()));
      assert.deepEqual(
        told.map(({ kind }) => kind),
        ['answered', 'failed', 'answered', 'failed', 'answered'],
      );
    });
  }

  it('reads answers that a slow wire delivers in one', async () => {
    await using server = await start(['right']);
    await using relay = await startRelay(server.address.port, { holdMs: 20 });
    using carried = carry(transport, relay.address);
    using talk = await carried.open();
    for (let asked = 0; asked < 3; asked += 1) assert.deepEqual(await talk.ask(carried.question()), rightly);
  });
}

/** A channel that is given up tells nothing more and leaves no socket. */
export function testDestroying({ transport, start }: Contract): void {
  const states: [what: string, deeds: Deed[], (talk: Conversation, ask: () => Promise<Told>) => Promise<unknown>][] = [
    ['that is connected', ['right'], async () => undefined],
    ['whose request is outstanding', ['silent'], async (_, ask) => void ask().catch(() => undefined)],
    [
      'whose request has been outstanding for a while',
      ['silent'],
      async (_, ask) => [void ask().catch(() => undefined), await delay(30)],
    ],
    [
      'whose answer is half here',
      ['reset-midway'],
      async (_, ask) => [void ask().catch(() => undefined), await delay(10)],
    ],
    ['that was answered', ['right'], async (_, ask) => ask()],
    ['that has failed', ['reset'], async (_, ask) => ask()],
    ['that was destroyed before', ['silent'], async (talk) => talk.channel.destroy()],
  ];
  for (const [what, deeds, bring] of states) {
    it(`destroys a channel ${what}, without a word or a socket left`, async () => {
      await using server = await start(deeds);
      using carried = carry(transport, server.address);
      const talk = await carried.open();
      await bring(talk, () => talk.ask(carried.question()));
      talk.channel.destroy();
      await eventually('it is closed', async () => (await server.record()).openConnectionCount === 0);
      await delay(40);
      assert.deepEqual(talk.untaken, []);
    });
  }

  for (const turns of [0, 1, 5]) {
    it(`destroys a channel that is connecting, after ${turns} turns, to a server that says nothing`, async () => {
      let open = 0;
      const server = createServer((socket) => {
        open += 1;
        socket
          .on('error', () => undefined)
          .on('close', () => {
            open -= 1;
          })
          .resume();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      using carried = carry(transport, { host: '127.0.0.1', port: (server.address() as { port: number }).port });
      const talk = new Conversation(carried.carrier);
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
      const before = talk.untaken.length;
      talk.channel.destroy();
      await delay(50);
      await eventually('it is closed', () => open === 0);
      assert.equal(talk.untaken.length, before);
      await new Promise((resolve) => server.close(resolve));
    });
  }
}
