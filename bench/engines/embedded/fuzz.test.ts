import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { KServeClient } from '../../kserve/client.ts';
import { decodeElements } from '../../kserve/tensors.ts';
import { isLong } from '../../testing/long.ts';
import { flowers, inputOf } from '../iris-requests.ts';
import { irisModel, StagedRepository } from '../staged-repository.ts';
import { grpcCases } from './conformance-grpc.test-suite.ts';
import { httpCases } from './conformance-requests.test-suite.ts';
import { CoreError } from './failures.ts';
import { readFlags, splitFlags } from './flags.ts';
import { GrpcClient } from './grpc-client.fixture.ts';
import { serviceDefinition } from './grpc-definition.ts';
import { type Serving, startServing } from './serving.ts';

const numRuns = isLong ? 100_000 : 3_000;
const checkEvery = 500;
const seed = 20261123;
const canary = 'canary-outside-the-repository';

describe('the embedded server under hostile input', () => {
  let folder: StagedRepository;
  let serving: Serving;
  let control: KServeClient;
  let rssBytes = 0;
  const bugs: string[] = [];

  before(async () => {
    folder = new StagedRepository();
    const repository = join(folder.path, 'repository');
    cpSync(join(folder.path, irisModel), join(repository, irisModel), { recursive: true });
    mkdirSync(join(folder.path, canary, '1'), { recursive: true });
    writeFileSync(join(folder.path, canary, 'config.pbtxt'), canary);
    const flags = ['--http-port=0', '--grpc-port=0', '--allow-metrics=false', '--model-control-mode=explicit'];
    const args = [
      `--model-repository=${repository}`,
      '--disable-auto-complete-config',
      '--exit-timeout-secs=0',
      ...flags,
    ];
    serving = await startServing(readFlags(splitFlags(args), '/'), (line) => {
      if (line.startsWith('a bug')) bugs.push(line);
    });
    control = new KServeClient(`http://127.0.0.1:${serving.http?.port}`);
    await serves();
    rssBytes = process.memoryUsage().rss;
  });
  after(async () => {
    await serving?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  async function serves(): Promise<void> {
    if (!(await control.modelReady(irisModel))) await control.load(irisModel);
    const [label] = await control.infer(irisModel, [inputOf(flowers)]);
    assert(label !== undefined);
    assert.deepEqual(decodeElements('INT64', label.data), [0n, 1n, 2n]);
  }

  it('answers or ends each HTTP connection, and serves on', async () => {
    let count = 0;
    const port = serving.http?.port ?? 0;
    await fc.assert(
      fc.asyncProperty(hostileHttp, fc.nat(), async (bytes, cut) => {
        const answer = await exchange(port, bytes, bytes.byteLength === 0 ? 0 : cut % bytes.byteLength);
        assert(answer === '' || /^HTTP\/1\.1 [1-5]\d\d /.test(answer), answer.slice(0, 100));
        assert(!answer.includes(canary));
        count += 1;
        if (count % checkEvery === 0) await serves();
      }),
      { seed, numRuns, endOnFailure: true },
    );
    await serves();
  });

  it('answers each gRPC message, and serves on', async () => {
    using client = new GrpcClient({ host: '127.0.0.1', port: serving.grpc?.port ?? 0 });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(hostileGrpc, async ([path, message]) => {
        const outcome = await client.bytes(path, message, (bytes) => bytes.toString('latin1'));
        // 4 would be the deadline: a hang.
        assert.notEqual(outcome.code, 4);
        assert(!JSON.stringify(outcome).includes(canary));
        count += 1;
        if (count % checkEvery === 0) await serves();
      }),
      { seed, numRuns, endOnFailure: true },
    );
    await serves();
  });

  it('never loads what lies outside the repository', async () => {
    const names = [
      `../${canary}`,
      `..%2f${canary}`,
      '..',
      '.',
      '',
      '/',
      '/etc',
      `${irisModel}/../../${canary}`,
      `..\\${canary}`,
      '\0',
      'a\0b',
      '~',
      '__proto__',
      'constructor',
      'x'.repeat(5000),
    ];
    for (const name of names) {
      await assert.rejects(serving.core.load(name, {}), CoreError, name);
      await assert.rejects(serving.core.load(name, { config: '{}' }), CoreError, name);
      assert.equal(serving.core.modelReady(name), false);
    }
    assert.deepEqual(
      serving.core
        .index(false)
        .map(({ name }) => name)
        .filter((name) => name !== irisModel),
      [],
    );
  });

  it('keeps its memory, and has found no bug in itself', () => {
    assert.deepEqual(bugs, []);
    assert(process.memoryUsage().rss - rssBytes < 512 * 1024 * 1024);
  });
});

const pieces = [
  '\r\n',
  '\r\n\r\n',
  '\0',
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '-1',
  '1e999',
  '9223372036854775808',
  'null',
  'NaN',
  '\u2028',
  '__proto__',
  '../',
  '..%2f',
  '%00',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Expect: 100-continue\r\n',
  'Connection: close\r\n',
  'Content-Encoding: gzip\r\n',
  'ffffffff\r\n',
  '0\r\n\r\n',
  '"shape":[',
  '"data":',
  '"parameters":{',
  '"binary_data_size":',
  'BYTES',
  'FP16',
];

const requests = httpCases.map(({ method, path, headers = {}, body = '' }) => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return { head: `${method} ${path} HTTP/1.1\r\n${lines.join('')}`, body: Buffer.from(body) };
});

/** A few changes to bytes: one replaced, a piece put in, a part taken out or said twice, the end cut off. */
const changes = fc.array(
  fc.record({
    kind: fc.constantFrom('byte', 'piece', 'remove', 'repeat', 'cut'),
    at: fc.nat(),
    length: fc.nat(40),
    byte: fc.nat(255),
    piece: fc.constantFrom(...pieces),
  }),
  { maxLength: 5 },
);
type Change = { kind: string; at: number; length: number; byte: number; piece: string };

const hostileHttp = fc
  .record({
    request: fc.constantFrom(...requests),
    whole: fc.boolean(),
    changes,
    rubbish: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ request: { head, body }, whole, changes: made, rubbish }) => {
    if (rubbish.length > 36) return Buffer.from(rubbish);
    if (!whole) {
      const changed = change(body, made);
      return Buffer.concat([Buffer.from(`${head}Content-Length: ${changed.byteLength}\r\n\r\n`), changed]);
    }
    return change(Buffer.concat([Buffer.from(`${head}Content-Length: ${body.byteLength}\r\n\r\n`), body]), made);
  });

const service = serviceDefinition();
const messages = grpcCases.map(({ method, request }) => service[method]?.requestSerialize(request) ?? Buffer.alloc(0));
const hostileGrpc = fc
  .record({
    message: fc.constantFrom(...messages),
    path: fc.constantFrom(...Object.values(service).map(({ path }) => path)),
    changes,
  })
  .map(({ message, path, changes: made }): [string, Buffer] => [path, change(message, made)]);

function change(bytes: Buffer, made: readonly Change[]): Buffer {
  let changed = Buffer.from(bytes);
  for (const { kind, at, length, byte, piece } of made) {
    const place = changed.byteLength === 0 ? 0 : at % changed.byteLength;
    const [front, back] = [changed.subarray(0, place), changed.subarray(place)];
    if (kind === 'byte' && back.byteLength > 0) back[0] = byte;
    else if (kind === 'piece') changed = Buffer.concat([front, Buffer.from(piece), back]);
    else if (kind === 'remove') changed = Buffer.concat([front, back.subarray(length)]);
    else if (kind === 'repeat') changed = Buffer.concat([front, back.subarray(0, length), back]);
    else if (kind === 'cut') changed = Buffer.from(front);
  }
  return changed;
}

/** Sends in two parts, says that this was all, and resolves with what comes until the server ends too. */
function exchange(port: number, bytes: Buffer, cut: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const parts: Buffer[] = [];
    const hang = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end after ${bytes.toString('latin1')}`));
    }, 10_000);
    const done = (): void => {
      clearTimeout(hang);
      socket.destroy();
      resolve(Buffer.concat(parts).toString('latin1'));
    };
    socket.on('connect', () => {
      socket.write(bytes.subarray(0, cut));
      setImmediate(() => socket.end(bytes.subarray(cut)));
    });
    socket.on('data', (part) => parts.push(part));
    socket.on('end', done);
    socket.on('error', done);
  });
}
