import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { encodeInferenceRequest } from '../../kserve/inference.ts';
import { deliver } from '../../testing/scripted-answers.ts';
import { startScriptedGrpc } from '../../testing/scripted-grpc.ts';
import { scriptedInference } from '../../testing/scripted-model.ts';
import { carry, type Told } from '../transport-contract-talk.test-suite.ts';
import { grpcJs } from './grpc-js.ts';
import { httpUndici } from './http-undici.ts';

const rightly: Told = { kind: 'answered', reusable: true, verified: true };

describe('compression', () => {
  for (const compression of ['gzip', 'deflate'] as const) {
    it(`by ${compression} over HTTP codes requests once and decodes answers`, async () => {
      await using server = await startCompressing((body) =>
        compression === 'gzip' ? gzipSync(body) : deflateSync(body),
      );
      using carried = carry(httpUndici, server.address, { compression });
      using talk = await carried.open();
      const question = carried.question({ rows: 64 });
      for (let asked = 0; asked < 3; asked += 1) assert.deepEqual(await talk.ask(question), rightly);
      const [request, ...others] = server.requests;
      assert.equal(others.length, 2);
      assert.equal(request?.headers['content-encoding'], compression);
      assert.equal(request?.headers['accept-encoding'], compression);
      assert.equal(request?.headers['inference-header-content-length'], `${question.jsonBytes}`);
      assert(question.bytes.byteLength < encodeInferenceRequest([]).body.byteLength + 64 * 16);
    });

    it(`by ${compression} over HTTP is not asked of the answer: one that is not compressed is as right`, async () => {
      await using server = await startCompressing((body) => body, { plain: true });
      using carried = carry(httpUndici, server.address, { compression });
      using talk = await carried.open();
      assert.deepEqual(await talk.ask(carried.question()), rightly);
    });

    it(`by ${compression} over gRPC codes messages both ways`, async () => {
      await using server = await startScriptedGrpc({ steps: [{}] });
      using carried = carry(grpcJs, server.address, { compression });
      using talk = await carried.open();
      for (let asked = 0; asked < 3; asked += 1)
        assert.deepEqual(await talk.ask(carried.question({ rows: 64 })), rightly);
      assert.deepEqual(
        server.headers.map((headers) => headers['grpc-encoding']),
        Array(3).fill(compression),
      );
    });
  }

  const broken: [what: string, (body: Buffer) => Buffer][] = [
    ['is not what its header says', (body) => body],
    ['is cut off', (body) => gzipSync(body).subarray(0, -12)],
    ['unfolds beyond all measure', () => gzipSync(Buffer.alloc(300 * 1024 * 1024), { level: 1 })],
  ];
  for (const [what, code] of broken) {
    it(`that ${what} is malformed, and the connection goes on`, async () => {
      await using server = await startCompressing(code);
      using carried = carry(httpUndici, server.address, { compression: 'gzip' });
      using talk = await carried.open();
      const told = await talk.ask(carried.question());
      assert.deepEqual(told, { kind: 'failed', error: 'malformed', reusable: true });
    });
  }
});

type Compressing = AsyncDisposable & {
  readonly address: { host: string; port: number };
  readonly requests: IncomingMessage[];
};

/** Answers rightly, its body put through `code`, and says that it is coded as the request was unless `plain`. */
async function startCompressing(code: (body: Buffer) => Buffer, { plain = false } = {}): Promise<Compressing> {
  const requests: IncomingMessage[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    requests.push(request);
    answer(request, response, { received: Buffer.concat(pieces), code, plain });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    address: { host: '127.0.0.1', port },
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { received, code, plain }: { received: Buffer; code: (body: Buffer) => Buffer; plain: boolean },
): void {
  const coding = headers['content-encoding'] ?? '';
  const body = coding === 'gzip' ? gunzipSync(received) : inflateSync(received);
  const output = scriptedInference(new Map(Object.entries(headers) as [string, string][]), body, 1);
  if (output === undefined) {
    response.writeHead(400).end();
    return;
  }
  const whole = Buffer.concat(deliver({ kind: 'right' }, output).pieces);
  const blank = whole.indexOf('\r\n\r\n');
  const [, json = ''] = /Inference-Header-Content-Length: (\d+)/.exec(whole.toString('latin1', 0, blank)) ?? [];
  const coded = code(whole.subarray(blank + 4));
  response.writeHead(200, {
    ...(plain ? {} : { 'Content-Encoding': coding }),
    'Inference-Header-Content-Length': json,
    'Content-Length': coded.byteLength,
  });
  response.end(coded);
}
