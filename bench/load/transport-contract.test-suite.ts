import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScriptedRecord } from '../testing/scripted-record.ts';
import type { ErrorKind } from './answers.ts';
import type { Transport } from './transport.ts';
import { carry, eventually, failed, rightly, type Told } from './transport-contract-talk.test-suite.ts';
import { testDestroying, testLosses, testWire } from './transport-contract-wire.test-suite.ts';

/** What both protocols' servers can be asked to do with one request. */
export type Deed =
  | 'right'
  | 'wrong-shape'
  | 'wrong-values'
  | 'other-rounding'
  | 'error-status'
  | 'reset'
  | 'reset-midway'
  | 'right-then-closed'
  | 'twice'
  | 'silent';

export type ContractServer = AsyncDisposable & {
  readonly address: { readonly host: string; readonly port: number };
  record(): ScriptedRecord | Promise<ScriptedRecord>;
};

/** One transport with a scripted server of its protocol. */
export type Contract = {
  readonly transport: Transport;
  /** What an error status counts as. */
  readonly statusKind: ErrorKind;
  /** grpc-js never reads a second message, nor what follows it: such a request runs into its time-out. */
  readonly readsOn: boolean;
  start(deeds: readonly Deed[], width?: number): Promise<ContractServer>;
};

/** What every transport does, whatever its protocol. */
export function testContract(contract: Contract): void {
  describe(`the transport ${contract.transport.name}`, () => {
    testAnswers(contract);
    testLosses(contract);
    testWire(contract);
    testDestroying(contract);
  });
}

function testAnswers({ transport, statusKind, readsOn, start }: Contract): void {
  const outcomes: [Deed, Told][] = [
    ['right', rightly],
    ['other-rounding', rightly],
    ['wrong-shape', failed('wrong-shape', true)],
    ['wrong-values', failed('wrong-values', true)],
    ['error-status', failed(statusKind, true)],
  ];
  for (const [deed, told] of outcomes) {
    it(`tells ${JSON.stringify(told)} of an answer that is ${deed}, and goes on`, async () => {
      await using server = await start(['right', deed, 'right', deed, deed]);
      using carried = carry(transport, server.address);
      using talk = await carried.open();
      const all: Told[] = [];
      for (let asked = 0; asked < 5; asked += 1) all.push(await talk.ask(carried.question()));
      assert.deepEqual(all, [rightly, told, rightly, told, told]);
      assert.equal((await server.record()).connectionCount, 1);
    });
  }

  it('looks at the form alone where nothing is expected, the same form or another', async () => {
    await using server = await start([
      'right',
      'right',
      'wrong-values',
      'right',
      'wrong-shape',
      'error-status',
      'right',
    ]);
    using carried = carry(transport, server.address);
    using talk = await carried.open();
    const [one, two] = [carried.question({ known: false }), carried.question({ known: false, rows: 2 })];
    const formally = { ...rightly, verified: false };
    for (const question of [one, one, one, two, two]) assert.deepEqual(await talk.ask(question), formally);
    assert.deepEqual(await talk.ask(one), failed(statusKind, true));
    assert.deepEqual(await talk.ask(carried.question()), rightly);
  });

  it('takes a second answer to one request for no answer', async () => {
    await using server = await start(['twice']);
    using carried = carry(transport, server.address);
    using talk = await carried.open();
    if (readsOn) {
      const told = await talk.ask(carried.question());
      assert.equal(told.kind === 'failed' && told.error, 'malformed');
    } else {
      talk.send(carried.question());
      await delay(50);
      assert.deepEqual(talk.untaken, []);
    }
  });

  it('carries 4 MiB each way', async () => {
    const columns = 1024 * 1024;
    await using server = await start(['right'], columns);
    using carried = carry(transport, server.address);
    using talk = await carried.open();
    assert.deepEqual(await talk.ask(carried.question({ width: columns })), rightly);
    await using plain = await start(['right']);
    using other = carry(transport, plain.address);
    using second = await other.open();
    const question = other.question({ rows: 256 * 1024 });
    for (let asked = 0; asked < 2; asked += 1) assert.deepEqual(await second.ask(question), rightly);
  });

  it('makes as many connections as channels', async () => {
    await using server = await start(['right']);
    using carried = carry(transport, server.address);
    const talks = await Promise.all(Array.from({ length: 7 }, () => carried.open()));
    for (const talk of [...talks, ...talks]) assert.deepEqual(await talk.ask(carried.question()), rightly);
    const { connectionCount, requestsPerConnection, mostOutstandingPerConnection } = await server.record();
    assert.deepEqual([connectionCount, mostOutstandingPerConnection], [7, 1]);
    assert.deepEqual(requestsPerConnection, Array(7).fill(2));
    for (const talk of talks) talk.channel.destroy();
    await eventually('all closed', async () => (await server.record()).openConnectionCount === 0);
  });
}
