import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startScriptedGrpc } from '../testing/scripted-grpc.ts';
import type { GrpcAnswer } from '../testing/scripted-grpc-answers.ts';
import { startRelay } from '../testing/scripted-relay.ts';
import { grpcStatuses } from './answers.ts';
import type { Transport } from './transport.ts';
import type { Contract, Deed } from './transport-contract.test-suite.ts';
import { carry, eventually, failed, rightly, type Told } from './transport-contract-talk.test-suite.ts';

const deeds: Record<Deed, GrpcAnswer> = {
  right: { kind: 'right' },
  'wrong-shape': { kind: 'wrong-shape' },
  'wrong-values': { kind: 'wrong-values' },
  'other-rounding': { kind: 'other-rounding' },
  'error-status': { kind: 'status', code: 8, trailersOnly: false },
  reset: { kind: 'reset' },
  'reset-midway': { kind: 'reset-midway' },
  'right-then-closed': { kind: 'right-then-closed' },
  twice: { kind: 'twice' },
  silent: { kind: 'silent' },
};

export function grpcContract(transport: Transport): Contract {
  return {
    transport,
    readsOn: transport.name !== 'grpc-js',
    statusKind: 'grpc-resource-exhausted',
    start: (names, width) =>
      startScriptedGrpc({ steps: names.map((name) => ({ answer: deeds[name] })), ...(width ? { width } : {}) }),
  };
}

/** What gRPC alone has. */
export function testGrpc(transport: Transport): void {
  const closing: Told = { kind: 'answered', reusable: false, verified: true };
  const outcomes: [GrpcAnswer, Told][] = [
    ...grpcStatuses.flatMap((name, index) =>
      [true, false].map((trailersOnly): [GrpcAnswer, Told] => [
        { kind: 'status', code: index + 1, trailersOnly },
        failed(`grpc-${name}`, true),
      ]),
    ),
    [{ kind: 'stream-reset', code: 7, midway: false }, failed('refused-stream', true)],
    [{ kind: 'stream-reset', code: 8, midway: true }, failed('grpc-cancelled', true)],
    [{ kind: 'stream-reset', code: 2, midway: false }, failed('grpc-internal', true)],
    [{ kind: 'stream-reset', code: 11, midway: true }, failed('grpc-resource-exhausted', true)],
    [{ kind: 'no-message' }, failed('malformed', true)],
    [{ kind: 'goaway-then-right' }, closing],
    [{ kind: 'goaway-refused' }, failed('refused-stream', false)],
  ];
  describe(`the transport ${transport.name} of gRPC`, () => {
    for (const [answer, told] of outcomes) {
      it(`tells ${JSON.stringify(told)} of ${JSON.stringify(answer)}, and asks once`, async () => {
        await using server = await startScriptedGrpc({ steps: [{}, { answer }, {}] });
        using carried = carry(transport, server.address);
        using talk = await carried.open();
        assert.deepEqual(await talk.ask(carried.question()), rightly);
        const outcome = await talk.ask(carried.question());
        if (answer.kind === 'no-message') assert.equal(outcome.kind === 'failed' && outcome.error, 'malformed');
        else assert.deepEqual(outcome, told);
        const kept = 'reusable' in outcome && outcome.reusable;
        if (kept) assert.deepEqual(await talk.ask(carried.question()), rightly);
        const { requestCount, connectionCount } = server.record();
        assert.deepEqual([requestCount, connectionCount], [kept ? 3 : 2, 1]);
      });
    }

    it('puts a message together from DATA frames wherever it is cut', async () => {
      const messageBytes = 120;
      const steps = Array.from({ length: messageBytes }, (_, at) => ({
        answer: { kind: 'split', at: [at + 1] } as const,
      }));
      await using server = await startScriptedGrpc({ steps });
      using carried = carry(transport, server.address);
      using talk = await carried.open();
      for (const _ of steps) assert.deepEqual(await talk.ask(carried.question()), rightly);
    });
  });
  testSharing(transport);
  testMetadata(transport);
}

function testSharing(transport: Transport): void {
  describe(`channels of ${transport.name} that share a connection`, () => {
    it('ask at once, and the last one closes it', async () => {
      await using server = await startScriptedGrpc({ steps: [{ holdMs: 20 }] });
      await using relay = await startRelay(server.address.port, { holdMs: 10 });
      using carried = carry(transport, relay.address, { shared: true });
      const talks = await Promise.all(Array.from({ length: 4 }, () => carried.open()));
      for (let round = 0; round < 3; round += 1) {
        const told = await Promise.all(talks.map((talk) => talk.ask(carried.question())));
        assert.deepEqual(told, Array(4).fill(rightly));
      }
      const { connectionCount, mostOutstanding } = server.record();
      assert.deepEqual([connectionCount, mostOutstanding], [1, 4]);
      talks[0]?.channel.destroy();
      assert.deepEqual(await talks[1]?.ask(carried.question()), rightly);
      for (const talk of talks) talk.channel.destroy();
      carried[Symbol.dispose]();
      await eventually('it is closed', () => server.record().openConnectionCount === 0);
    });

    it('wait for each other where the server takes one request at a time', async () => {
      await using server = await startScriptedGrpc({ steps: [{ holdMs: 30 }], maxConcurrentStreams: 1 });
      using carried = carry(transport, server.address, { shared: true });
      const talks = await Promise.all(Array.from({ length: 3 }, () => carried.open()));
      const startMs = performance.now();
      const told = await Promise.all(talks.map((talk) => talk.ask(carried.question())));
      assert.deepEqual(told, Array(3).fill(rightly));
      assert(performance.now() - startMs >= 90);
      const { mostOutstanding, connectionCount } = server.record();
      assert.deepEqual([mostOutstanding, connectionCount], [1, 1]);
      for (const talk of talks) talk.channel.destroy();
    });

    it('all fail where it is lost, each once, and are made anew on another', async () => {
      const steps = [{ holdMs: 40, answer: { kind: 'reset' } as const }, { holdMs: 500 }, { holdMs: 500 }, {}];
      await using server = await startScriptedGrpc({ steps });
      using carried = carry(transport, server.address, { shared: true });
      const talks = await Promise.all(Array.from({ length: 3 }, () => carried.open()));
      const told = await Promise.all(talks.map((talk) => talk.ask(carried.question())));
      assert.deepEqual(told, Array(3).fill(failed('reset', false)));
      using talk = await carried.open();
      assert.deepEqual(await talk.ask(carried.question()), rightly);
      assert.deepEqual(
        talks.flatMap(({ untaken }) => untaken),
        [],
      );
      assert.equal(server.record().connectionCount, 2);
    });
  });
}

function testMetadata(transport: Transport): void {
  it(`${transport.name} sends its metadata with every request`, async () => {
    await using server = await startScriptedGrpc({ steps: [{}] });
    using carried = carry(transport, server.address, {
      headers: [
        ['X-Trace', 'seven'],
        ['authorization', 'Bearer a b'],
      ],
    });
    using talk = await carried.open();
    for (let asked = 0; asked < 2; asked += 1) assert.deepEqual(await talk.ask(carried.question()), rightly);
    const seen = server.headers.map((headers) => [headers['x-trace'], headers.authorization, headers[':path']]);
    assert.deepEqual(seen, Array(2).fill(['seven', 'Bearer a b', '/inference.GRPCInferenceService/ModelInfer']));
  });
}
