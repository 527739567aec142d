import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KServeClient } from '../../kserve/client.ts';
import { encodeElements, type Tensor } from '../../kserve/tensors.ts';
import { requires } from '../../testing/requires.ts';
import { type PreparedRequest, Rotation } from '../rotation.ts';
import { plainTarget, type Target } from '../transport.ts';
import { startGrpcJs } from './infer-service.test-suite.ts';
import { grpc } from './transport.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const mebi = 1024 * 1024;

describe('a server of grpc-js', () => {
  it('has its answers verified, large tensors both ways and typed lists among them', async () => {
    const values = encodeElements('FP32', [1, 2.5]);
    await using server = await startGrpcJs((request) => {
      const { inputs, raw_input_contents: raw, model_version: version } = request as unknown as GrpcJsRequest;
      const described = inputs.map(({ datatype, shape }) => ({ name: 'y', datatype, shape }));
      if (version !== 'lists') return { outputs: described, raw_output_contents: raw };
      return { outputs: described.map((output) => ({ ...output, contents: { fp32_contents: [1, 2.5] } })) };
    });
    const target = plainTarget({ host: '127.0.0.1', port: server.port }, 'echo');
    const echo = (data: Uint8Array): PreparedRequest => {
      const input: Tensor = { name: 'x', datatype: 'FP32', shape: [data.byteLength / 4], data };
      return { ...grpc.encode(target, [input]), expected: [{ ...input, name: 'y' }] };
    };
    for (const shared of [true, false]) {
      assert.deepEqual(await ask(target, [echo(values)], { shared, count: 40 }), { verified: 40 });
      assert.deepEqual(await ask(target, [echo(large)], { shared, count: 6 }), { verified: 6 });
    }
    const lists = { ...target, modelVersion: 'lists' };
    const input: Tensor = { name: 'x', datatype: 'FP32', shape: [2], data: values };
    const request = { ...grpc.encode(lists, [input]), expected: [{ ...input, name: 'y' }] };
    assert.deepEqual(await ask(lists, [request], { shared: true, count: 20 }), { verified: 20 });
  });
});

describe('the embedded server', () => {
  let server: Started;
  before(async () => {
    const flags = ['--model-repository=model_repository', '--http-port=0', '--grpc-port=0', '--allow-metrics=false'];
    const process_ = spawn(process.execPath, ['bench/engines/embedded/process.ts', ...flags], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(process_.stdout, 'data', started())) as [Buffer];
    const { ready } = JSON.parse(line.toString()) as { ready: { http: Address; grpc: Address } };
    server = { child: process_, http: ready.http.port, grpc: ready.grpc.port };
  });
  after(() => end(server?.child));

  it('has its answers verified', async () => await verifyFlowers(server));

  it('tells of a model that it does not have', async () => {
    const target = plainTarget({ host: '127.0.0.1', port: server.grpc }, 'none');
    const request = { ...grpc.encode(target, [flower([1, 2, 3, 4])]), expected: null };
    assert.deepEqual(await ask(target, [request], { shared: true, count: 5 }), { 'grpc-not-found': 5 });
  });
});

describe('Triton', requires('triton'), () => {
  const repository = mkdtempSync(join(tmpdir(), 'tritune-repository-'));
  let server: Started;
  before(async () => {
    cpSync(join(root, 'model_repository'), repository, { recursive: true });
    mkdirSync(join(repository, 'same', '1'), { recursive: true });
    writeFileSync(join(repository, 'same', '1', 'model.onnx'), Buffer.from(identityModel, 'base64'));
    writeFileSync(join(repository, 'same', 'config.pbtxt'), identityConfig);
    const child = spawn(process.execPath, ['bench/engines/local/fixtures/hold-server.ts', repository, root], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [pid] = (await once(child.stdout, 'data', started())) as [Buffer];
    const command = readFileSync(`/proc/${pid.toString().trim()}/cmdline`, 'latin1');
    const port = (flag: string): number => Number(new RegExp(`--${flag}=(\\d+)`).exec(command)?.[1]);
    server = { child, http: port('http-port'), grpc: port('grpc-port') };
  });
  after(async () => {
    await end(server?.child);
    rmSync(repository, { recursive: true });
  });

  it('has its answers verified', async () => await verifyFlowers(server));

  it('has tensors of 4 MiB verified, both ways', async () => {
    await new KServeClient(`http://127.0.0.1:${server.http}`).load('same');
    const target = plainTarget({ host: '127.0.0.1', port: server.grpc }, 'same');
    const input: Tensor = { name: 'x', datatype: 'FP32', shape: [mebi, 1], data: large };
    const request = { ...grpc.encode(target, [input]), expected: [{ ...input, name: 'y' }] };
    for (const shared of [true, false]) {
      assert.deepEqual(await ask(target, [request], { shared, count: 12 }), { verified: 12 });
    }
  });

  it('tells of requests that are wrong', async () => {
    const target = plainTarget({ host: '127.0.0.1', port: server.grpc }, 'sklearn-onnx');
    const request = { ...grpc.encode(target, [{ ...flower([1, 2, 3, 4]), name: 'none' }]), expected: null };
    assert.deepEqual(await ask(target, [request], { shared: false, count: 5 }), { 'grpc-invalid-argument': 5 });
  });
});

type GrpcJsRequest = {
  inputs: { datatype: string; shape: string[] }[];
  raw_input_contents: Buffer[];
  model_version: string;
};
type Address = { readonly host: string; readonly port: number };
type Started = { readonly child: ChildProcess; readonly http: number; readonly grpc: number };

const large = encodeElements(
  'FP32',
  Array.from({ length: mebi }, (_, index) => index),
);
/** y = x, FP32, each [n,1]. */
const identityModel =
  'CAc6QQoQCgF4EgF5IghJZGVudGl0eRIBZ1oUCgF4Eg8KDQgBEgkKAxIBbgoCCAFiFAoBeRIPCg0IARIJCgMSAW4KAggBQgQKABAN';
const identityConfig = `platform: "onnxruntime_onnx"
max_batch_size: 0
input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, 1 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ -1, 1 ] } ]
`;

function flower(values: number[]): Tensor {
  return { name: 'input', datatype: 'FP32', shape: [1, 4], data: encodeElements('FP32', values) };
}

/** Flowers of each class, with what the same server answers over HTTP as the right answers. */
async function verifyFlowers({ http, grpc: port }: Started): Promise<void> {
  const target = plainTarget({ host: '127.0.0.1', port }, 'sklearn-onnx');
  const client = new KServeClient(`http://127.0.0.1:${http}`);
  const rows = [
    [5.1, 3.5, 1.4, 0.2],
    [5.9, 3.0, 4.2, 1.5],
    [6.3, 3.3, 6.0, 2.5],
  ];
  const requests = await Promise.all(
    rows.map(async (row) => ({
      ...grpc.encode(target, [flower(row)]),
      expected: await client.infer('sklearn-onnx', [flower(row)]),
    })),
  );
  for (const shared of [true, false]) {
    assert.deepEqual(await ask(target, requests, { shared, count: 100 }), { verified: 100 });
  }
  const [first, second] = requests;
  assert(first !== undefined && second !== undefined);
  const wrong = { ...first, expected: second.expected };
  assert.deepEqual(await ask(target, [wrong], { shared: true, count: 10 }), { 'wrong-values': 10 });
}

/** Asks `count` times over four channels; how often what was told. */
async function ask(
  target: Target,
  requests: readonly PreparedRequest[],
  { shared, count }: { shared: boolean; count: number },
): Promise<Record<string, number>> {
  using carrier = grpc.open(target, { shared });
  const rotation = new Rotation(requests);
  const told: Record<string, number> = {};
  let unsent = count;
  const run = (): Promise<void> =>
    new Promise((resolve) => {
      const next = (what?: string): void => {
        if (what !== undefined) told[what] = (told[what] ?? 0) + 1;
        if (unsent > 0) {
          unsent -= 1;
          channel.send(rotation.next());
          return;
        }
        channel.destroy();
        resolve();
      };
      const channel = carrier.open({
        connected: () => next(),
        answered: (_, reusable, verified) => next(verified && reusable ? 'verified' : 'odd'),
        failed: (kind) => next(kind),
      });
    });
  await Promise.all([run(), run(), run(), run()]);
  return told;
}

/** A server that does not start fails the test, instead of keeping it. */
function started(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(60_000) };
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
