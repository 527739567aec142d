import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../failure.ts';
import { startScriptedGrpc } from '../../testing/scripted-grpc.ts';
import { scriptedModel } from '../../testing/scripted-model.ts';
import { startScriptedServer } from '../../testing/scripted-server.ts';
import { Malformed } from '../grpc/malformed.ts';
import { bytesField, varint } from '../grpc/protobuf.ts';
import { plainTarget } from '../transport.ts';
import { readMaxBatchSize, readMetadata, readModelNames, readServer, readStatistics } from './grpc-messages.ts';
import { openControl, RefusedCall } from './model-control.ts';

const never = new AbortController().signal;
const options = { signal: never, timeoutMs: 5_000 };

describe('the control side over HTTP', () => {
  it('tells the server, the model, its batches and its counters', async () => {
    await using server = await startScriptedServer({ steps: [] });
    const control = await openControl('http', plainTarget(server.address, scriptedModel), options);
    assert.deepEqual(await control.server(), { name: 'scripted', version: '1' });
    assert.equal((await control.metadata()).inputs[0]?.name, 'input');
    assert.equal(await control.maxBatchSize(), 8);
    assert.equal((await control.counters()).success.count, 0);
    assert.deepEqual(await control.models(), [scriptedModel]);
  });

  it('escapes names, so that none is another path', async () => {
    await using server = await startScriptedServer({ steps: [] });
    const target = { ...plainTarget(server.address, 'x/../scripted'), modelVersion: '../1' };
    const control = await openControl('http', target, options);
    await assert.rejects(control.metadata(), RefusedCall);
    assert.equal(await control.maxBatchSize(), null);
  });

  it('sends the headers of the target, a Host and one that comes twice too', async () => {
    const heads: string[] = [];
    await using server = createServer((socket) =>
      socket.on('data', (bytes) => {
        heads.push(bytes.toString('latin1'));
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const headers = [
      ['host', 'triton.test'],
      ['x-a', '1'],
      ['X-A', '2'],
      ['__proto__', '3'],
    ] as const;
    const control = await openControl('http', { ...plainTarget({ host: '127.0.0.1', port }, 'm'), headers }, options);
    await control.metadata();
    const lines = (heads[0] ?? '').split('\r\n').map((line) => line.toLowerCase());
    assert.deepEqual(
      lines.filter((line) => /^(host|x-a|__proto__):/.test(line)),
      ['host: triton.test', 'x-a: 1', 'x-a: 2', '__proto__: 3'],
    );
  });
});

describe('the control side, whatever the server does', () => {
  for (const protocol of ['http', 'grpc'] as const) {
    it(`gives ${protocol} up in its time and when it is told to`, async () => {
      await using server = createServer((socket) => socket.on('error', () => undefined).resume()).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const target = plainTarget({ host: '127.0.0.1', port }, 'm');
      const late = await openControl(protocol, target, { signal: never, timeoutMs: 100 });
      await assert.rejects(late.metadata(), { exitCode: 3, code: 'no-answer', message: /not within 0.1 s/ });
      const controller = new AbortController();
      const told = new Failure('interrupted', 'interrupted', 'interrupted');
      setTimeout(() => controller.abort(told), 50);
      const given = await openControl(protocol, target, { signal: controller.signal, timeoutMs: 5_000 });
      await assert.rejects(given.metadata(), (error) => error === told);
    });

    it(`tells of ${protocol} that something else answered`, async () => {
      for (const answer of ['', 'no\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello']) {
        await using server = createServer((socket) => {
          socket.on('error', () => undefined);
          socket.once('data', () => socket.end(answer));
        }).listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        const control = await openControl(protocol, plainTarget({ host: '127.0.0.1', port }, 'm'), options);
        await assert.rejects(control.metadata(), (error) => error instanceof Failure && error.exitCode === 3);
      }
    });
  }

  it('takes a status of gRPC for a refusal', async () => {
    await using server = await startScriptedGrpc({
      steps: [{ answer: { kind: 'status', code: 5, trailersOnly: true } }],
    });
    const control = await openControl('grpc', plainTarget(server.address, scriptedModel), options);
    await assert.rejects(control.metadata(), (error) => error instanceof RefusedCall && error.reason === 'scripted');
    assert.equal(await control.maxBatchSize(), null);
  });
});

describe('the messages of the control side', () => {
  it('are read as the protocol numbers them, packed shapes and plain ones', () => {
    const packed = Buffer.concat([
      bytesField(1, 'a'),
      bytesField(2, 'FP32'),
      bytesField(3, Buffer.concat([varint(-1), varint(4)])),
    ]);
    const plain = Buffer.concat([bytesField(1, 'b'), bytesField(2, 'BYTES'), varint(24), varint(7)]);
    const bytes = Buffer.concat([bytesField(1, 'm'), bytesField(2, '3'), bytesField(4, packed), bytesField(5, plain)]);
    assert.deepEqual(readMetadata(bytes), {
      name: 'm',
      versions: ['3'],
      platform: '',
      inputs: [{ name: 'a', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'b', datatype: 'BYTES', shape: [7] }],
    });
    assert.equal(readMaxBatchSize(bytesField(1, Buffer.concat([bytesField(1, 'm'), varint(32), varint(64)]))), 64);
    assert.equal(readMaxBatchSize(Buffer.alloc(0)), 0);
  });

  it('are read or refused as malformed, whatever they are', () => {
    const readers = [readServer, readMetadata, readMaxBatchSize, readStatistics, readModelNames];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...readers), (bytes, read) => {
        try {
          read(Buffer.from(bytes));
          return true;
        } catch (error) {
          return error instanceof Malformed;
        }
      }),
      { seed: 11, numRuns: 3_000 },
    );
  });
});
