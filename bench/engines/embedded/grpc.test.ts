import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Core, InferRequest } from './core.ts';
import { CoreError } from './failures.ts';
import { listenGrpc } from './grpc.ts';
import { GrpcClient } from './grpc-client.fixture.ts';
import { rowOfFour, scriptedCore } from './scripted-core.fixture.ts';

const at = { host: '127.0.0.1', port: 0, exitTimeoutMs: 0 };
const described = { name: 'x', datatype: 'FP32', shape: ['1', '4'] };
const request = { model_name: 'echo', inputs: [described], raw_input_contents: [rowOfFour.data] };

describe('the gRPC protocol', () => {
  const logged: string[] = [];
  let behaviour: Partial<Core> = {};
  const core = scriptedCore();
  let server: Awaited<ReturnType<typeof listenGrpc>>;
  let client: GrpcClient;
  before(async () => {
    const switched = new Proxy(core, { get: (target, key) => Reflect.get(key in behaviour ? behaviour : target, key) });
    server = await listenGrpc(switched, at, (line) => logged.push(line));
    client = new GrpcClient({ host: '127.0.0.1', port: server.port });
  });
  after(async () => {
    client?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it('tells of the server and of models', async () => {
    assert.deepEqual(await client.call('ServerLive', {}), { code: 0, response: { live: true } });
    assert.deepEqual(await client.call('ServerMetadata', {}), {
      code: 0,
      response: { name: 'scripted', version: '1.2.3', extensions: ['binary_tensor_data', 'statistics'] },
    });
    const metadata = await client.call('ModelMetadata', { name: 'echo' });
    assert(metadata.code === 0 && 'response' in metadata);
    assert.deepEqual(metadata.response.inputs, [{ shape: ['-1', '4'], name: 'x', datatype: 'FP32' }]);
    assert.deepEqual(await client.call('ModelReady', { name: 'other' }), { code: 0, response: { ready: false } });
    assert.deepEqual(await client.call('ModelMetadata', { name: 'other' }), {
      code: 5,
      details: "Request for unknown model: 'other' is not found",
    });
  });

  it('hands raw tensors to the core, and its answer back', async () => {
    const outcome = await client.call('ModelInfer', {
      ...request,
      model_version: '01',
      id: 'one',
      parameters: { priority: { uint64_param: '2' }, half: { double_param: 0.5 }, yes: { bool_param: false } },
      outputs: [{ name: 'x', parameters: { classification: { int64_param: '3' } } }],
    });
    assert(outcome.code === 0 && 'response' in outcome);
    assert.equal(outcome.response.id, 'one');
    assert.deepEqual(outcome.response.raw_output_contents, [Buffer.from(rowOfFour.data)]);
    const seen = core.seen.at(-1) as InferRequest;
    assert.equal(seen.modelVersion, '1');
    assert.deepEqual({ ...seen.parameters }, { priority: 2, half: 0.5, yes: false });
    assert.deepEqual(seen.outputs, [{ name: 'x', classification: 3 }]);
    assert.deepEqual(seen.inputs[0]?.shape, [1, 4]);
  });

  it('reads elements that are not raw, of each type', async () => {
    const cases: [string, object, string][] = [
      ['BOOL', { bool_contents: [true, false] }, '0100'],
      ['INT8', { int_contents: [-1, 2] }, 'ff02'],
      ['UINT16', { uint_contents: [1, 65535] }, '0100ffff'],
      ['INT64', { int64_contents: ['-1', '9007199254740993'] }, 'ffffffffffffffff0100000000002000'],
      ['UINT64', { uint64_contents: ['18446744073709551615'] }, 'ffffffffffffffff'],
      ['FP32', { fp32_contents: [1] }, '0000803f'],
      ['FP64', { fp64_contents: [1] }, '000000000000f03f'],
      ['BYTES', { bytes_contents: [Buffer.from('a'), Buffer.alloc(0)] }, '010000006100000000'],
    ];
    for (const [datatype, contents, expected] of cases) {
      const { code } = await client.call('ModelInfer', {
        model_name: 'echo',
        inputs: [{ name: 'x', datatype, shape: ['2'], contents }],
      });
      assert.equal(code, 0, datatype);
      assert.equal(Buffer.from(core.seen.at(-1)?.inputs[0]?.data ?? []).toString('hex'), expected, datatype);
    }
  });

  it('streams answers in the order of the requests, errors among them', async () => {
    behaviour = {
      infer: async (asked) => {
        await new Promise((resolve) => setTimeout(resolve, asked.id === 'a' ? 30 : 0));
        if (asked.id === 'b') throw new CoreError('INVALID_ARG', 'not b');
        return core.infer(asked);
      },
    };
    const answers = await client.stream(['a', 'b', 'c'].map((id) => ({ ...request, id })));
    behaviour = {};
    assert.deepEqual(
      answers.map(({ error_message, infer_response }) => [error_message ?? '', (infer_response as { id: string }).id]),
      [
        ['', 'a'],
        ['not b', 'b'],
        ['', 'c'],
      ],
    );
  });

  it('reads no more of a stream whose client does not read, and all of it once it does', async () => {
    let begunCount = 0;
    const large = { ...rowOfFour, data: new Uint8Array(64 * 1024) };
    behaviour = {
      infer: async (asked) => {
        begunCount += 1;
        return { modelName: 'echo', modelVersion: '1', id: asked.id, outputs: [large] };
      },
    };
    const requestCount = 3_000;
    const slow = client.slowStream(Array(requestCount).fill(request));
    for (let steady = 0, before = -1; steady < 10; before = begunCount) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      steady = begunCount === before && begunCount > 0 ? steady + 1 : 0;
    }
    assert(begunCount < 500, `${begunCount} of ${requestCount} requests were run`);
    assert.equal(await slow.countAnswers(), requestCount);
    behaviour = {};
    assert.equal(begunCount, requestCount);
  });

  it('refuses what would take many times its length in memory', async () => {
    const path = '/inference.GRPCInferenceService/ModelInfer';
    const outcome = await client.bytes(path, Buffer.from('2a00'.repeat(200_000), 'hex'));
    assert(outcome.code === 3 && 'details' in outcome);
    assert.match(outcome.details, /more than 100000 fields/);
  });

  it('tells only the log of a bug', async () => {
    behaviour = { infer: () => Promise.reject(new TypeError('secret')) };
    assert.deepEqual(await client.call('ModelInfer', request), { code: 13, details: 'internal error' });
    behaviour = {};
    assert.match(logged.at(-1) ?? '', /secret/);
  });

  it('refuses what it cannot read or does not know, and goes on', async () => {
    const path = '/inference.GRPCInferenceService/';
    assert.notEqual((await client.bytes(`${path}ModelInfer`, Buffer.from('ffffffffffff', 'hex'))).code, 0);
    assert.equal((await client.bytes(`${path}NoSuch`, Buffer.alloc(0))).code, 12);
    assert.equal((await client.bytes(`${path}TraceSetting`, Buffer.alloc(0))).code, 12);
    assert.equal((await client.call('ModelInfer', request)).code, 0);
  });

  it('does not share a port that is taken', async () => {
    await assert.rejects(
      listenGrpc(core, { ...at, port: server.port }, () => undefined),
      /EADDRINUSE|address/i,
    );
  });
});
