import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { KServeClient, KServeError } from '../../kserve/client.ts';
import { decodeInferResponse } from '../grpc/infer-response.ts';
import { ProtoReader } from '../grpc/protobuf.ts';
import { nullInput, nullModel, nullOutputs } from './null-model.ts';
import { type NullServer, startNullServer } from './start.ts';

let server: NullServer;
before(async () => {
  server = await startNullServer();
});
after(() => server[Symbol.asyncDispose]());

describe('the null server over HTTP', () => {
  it('answers health, metadata, config and statistics', async () => {
    const client = new KServeClient(`http://127.0.0.1:${server.http.port}`);
    assert.equal(await client.serverReady(), true);
    assert.equal(await client.modelReady(nullModel), true);
    assert.equal((await client.serverMetadata()).name, 'null');
    const { inputs } = await client.modelMetadata(nullModel);
    assert.deepEqual(inputs, [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }]);
    assert.equal((await client.config(nullModel)).name, nullModel);
    await client.statistics(nullModel);
  });

  it('answers an inference with its one right answer', async () => {
    const client = new KServeClient(`http://127.0.0.1:${server.http.port}`);
    const outputs = await client.infer(nullModel, [nullInput]);
    assert.deepEqual(
      outputs.map((output) => ({ ...output, data: Buffer.from(output.data) })),
      nullOutputs.map((output) => ({ ...output, data: Buffer.from(output.data) })),
    );
  });

  it('knows no other model', async () => {
    const client = new KServeClient(`http://127.0.0.1:${server.http.port}`);
    await assert.rejects(
      client.infer('other', [nullInput]),
      (error) => error instanceof KServeError && error.status === 404,
    );
  });

  it('answers each request once, however its bytes come in', async () => {
    const request = `POST /v2/models/${nullModel}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde`;
    const socket = await connected(server.http.port);
    const answers = counted(socket, /HTTP\/1\.1 200/g);
    for (const byte of request) {
      socket.write(byte);
      await delay(1);
    }
    await until(() => answers() === 1);
    socket.write(request + request + request.slice(0, 30));
    await until(() => answers() === 3);
    socket.write(request.slice(30));
    await until(() => answers() === 4);
    socket.write(request);
    await until(() => answers() === 5);
    await delay(20);
    assert.equal(answers(), 5);
    socket.destroy();
  });

  it('refuses what is no HTTP, and goes on', async () => {
    const socket = await connected(server.http.port);
    socket.resume();
    socket.write('\x16\x03\x01\r\n\r\n');
    await once(socket, 'close');
    assert.equal(await new KServeClient(`http://127.0.0.1:${server.http.port}`).serverReady(), true);
  });
});

describe('the null server over gRPC', () => {
  it('answers an inference with its one right answer, as an ordinary client sees it', async () => {
    // nghttp2 compresses its headers with a table until it is told that there is none.
    for (let round = 0; round < 3; round += 1) {
      const { status, message } = await call(server.grpc.port, 'ModelInfer');
      assert.equal(status, '0');
      const outputs = decodeInferResponse(new ProtoReader(message));
      assert.deepEqual(
        outputs?.map((output) => ({ ...output, data: Buffer.from(output.data) })),
        nullOutputs.map((output) => ({ ...output, data: Buffer.from(output.data) })),
      );
    }
  });

  it('answers health and metadata, and says of all else that it is not there', async () => {
    for (const method of ['ServerLive', 'ServerReady', 'ModelReady']) {
      assert.deepEqual(await call(server.grpc.port, method), { status: '0', message: Buffer.from([8, 1]) });
    }
    const { message } = await call(server.grpc.port, 'ServerMetadata');
    const reader = new ProtoReader(message);
    assert(reader.next() && reader.text() === 'null');
    assert.equal((await call(server.grpc.port, 'ModelMetadata')).status, '0');
    assert.equal((await call(server.grpc.port, 'TraceSetting')).status, '12');
  });

  it('answers many calls on one connection, each on its stream', async () => {
    const session = connectHttp2(`http://127.0.0.1:${server.grpc.port}`);
    const answers = await Promise.all(Array.from({ length: 50 }, () => callOn(session, 'ModelInfer')));
    assert(answers.every(({ status, message }) => status === '0' && message.byteLength > 50));
    session.destroy();
  });

  it('drops a connection that makes no sense, and goes on', async () => {
    const socket = await connected(server.grpc.port);
    socket.resume();
    const headers = Buffer.from([0, 0, 3, 1, 5, 0, 0, 0, 1, 0xff, 0xff, 0xff]);
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), headers]));
    await once(socket, 'close');
    assert.equal((await call(server.grpc.port, 'ServerReady')).status, '0');
  });
});

describe('the end of the null server', () => {
  it('comes with its disposal', async () => {
    const other = await startNullServer();
    assert(isAlive(other.pid));
    await other[Symbol.asyncDispose]();
    assert(!isAlive(other.pid));
  });

  it('comes with the process that started it, however that ends', async () => {
    const starter = `
      import { startNullServer } from ${JSON.stringify(fileURLToPath(new URL('./start.ts', import.meta.url)))};
      const { pid } = await startNullServer();
      console.log(pid);
      setInterval(() => {}, 1000);
    `;
    const child = execa(process.execPath, ['--input-type=module', '-e', starter], { reject: false });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    assert(isAlive(pid));
    child.kill('SIGKILL');
    await child;
    await until(() => !isAlive(pid));
  });

  it('comes before its start where the signal was given', async () => {
    const reason = new Error('enough');
    await assert.rejects(startNullServer(AbortSignal.abort(reason)), reason);
    const controller = new AbortController();
    const starting = startNullServer(controller.signal);
    controller.abort(reason);
    await assert.rejects(starting, reason);
  });
});

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

function counted(socket: Socket, pattern: RegExp): () => number {
  let text = '';
  socket.on('data', (piece) => {
    text += piece.toString('latin1');
  });
  return () => text.match(pattern)?.length ?? 0;
}

async function call(port: number, method: string): Promise<{ status: string; message: Buffer }> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  try {
    return await callOn(session, method);
  } finally {
    session.destroy();
  }
}

async function callOn(
  session: ReturnType<typeof connectHttp2>,
  method: string,
): Promise<{ status: string; message: Buffer }> {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/inference.GRPCInferenceService/${method}`,
    te: 'trailers',
    'content-type': 'application/grpc',
  });
  const pieces: Buffer[] = [];
  let status = '';
  stream.on('response', (headers) => {
    status = String(headers['grpc-status'] ?? status);
  });
  stream.on('trailers', (headers) => {
    status = String(headers['grpc-status'] ?? status);
  });
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.end(Buffer.alloc(5));
  await once(stream, 'close');
  return { status, message: Buffer.concat(pieces).subarray(5) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert(performance.now() < deadline, 'it did not come about in 10 s');
    await delay(5);
  }
}
