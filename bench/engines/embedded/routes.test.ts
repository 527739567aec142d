import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeElements } from '../../kserve/tensors.ts';
import { CoreError, type CoreStatus } from './failures.ts';
import type { HttpAnswer } from './http-message.ts';
import { metricsRoutes } from './metrics.ts';
import { httpRoutes } from './routes.ts';
import { rowOfFour, scriptedCore } from './scripted-core.fixture.ts';

const raw = Buffer.from(rowOfFour.data);
const tensor = { name: 'x', datatype: 'FP32', shape: [1, 4] };
const described = { ...tensor, parameters: { binary_data_size: 16 } };

describe('the HTTP protocol', () => {
  it('hands a request of raw tensors to the core, and its answer back', async () => {
    const core = scriptedCore();
    const { status, body, inferenceHeaderBytes, contentType } = await infer(core, {
      json: {
        id: 'one',
        inputs: [described],
        parameters: { binary_data_output: true, priority: 2, mine: 'x' },
        outputs: [{ name: 'x' }],
      },
      raw,
    });
    assert.equal(status, 200);
    assert.equal(contentType, 'application/octet-stream');
    const text = body.toString('latin1', 0, inferenceHeaderBytes);
    assert.equal(
      text,
      '{"id":"one","model_name":"echo","model_version":"1","outputs":[{"name":"x","datatype":"FP32","shape":[1,4],"parameters":{"binary_data_size":16}}]}',
    );
    assert.deepEqual(body.subarray(inferenceHeaderBytes), raw);
    const [seen] = core.seen;
    assert.deepEqual(
      { ...seen, parameters: { ...seen?.parameters } },
      {
        modelName: 'echo',
        modelVersion: '',
        id: 'one',
        parameters: { binary_data_output: true, priority: 2, mine: 'x' },
        inputs: [{ ...rowOfFour, data: raw }],
        outputs: [{ name: 'x' }],
      },
    );
  });

  it('answers in JSON where the client asks for nothing else, output by output', async () => {
    const core = scriptedCore({
      infer: async ({ modelName, id }) => ({
        modelName,
        modelVersion: '1',
        id,
        outputs: [rowOfFour, { ...rowOfFour, name: 'y' }],
      }),
    });
    const plain = await infer(core, { json: { inputs: [{ ...tensor, data: [1, 2, 3, 4] }] } });
    assert.equal(plain.contentType, 'application/json');
    assert.deepEqual(JSON.parse(plain.body.toString()).outputs[1], { ...tensor, name: 'y', data: [1, 2, 3, 4] });
    const mixed = await infer(core, {
      json: {
        inputs: [{ ...tensor, data: [1, 2, 3, 4] }],
        outputs: [{ name: 'x' }, { name: 'y', parameters: { binary_data: true } }],
      },
    });
    const outputs = JSON.parse(mixed.body.toString('utf8', 0, mixed.inferenceHeaderBytes)).outputs;
    assert.deepEqual(
      outputs.map((output: object) => Object.keys(output).at(-1)),
      ['data', 'parameters'],
    );
    assert.deepEqual(mixed.body.subarray(mixed.inferenceHeaderBytes), raw);
  });

  it('takes a body without JSON as the one input of the model', async () => {
    const core = scriptedCore();
    const { status } = await post(core, '/v2/models/echo/infer', raw, { 'inference-header-content-length': '0' });
    assert.equal(status, 200);
    const [input] = core.seen[0]?.inputs ?? [];
    assert.deepEqual([input?.name, input?.shape], ['x', [1, 4]]);
    assert.deepEqual(decodeElements('FP32', input?.data ?? raw), [1, 2, 3, 4]);
  });

  it('gives the core a version without leading zeros', async () => {
    const core = scriptedCore();
    const json = Buffer.from(JSON.stringify({ inputs: [{ ...tensor, data: [1, 2, 3, 4] }] }));
    assert.equal((await post(core, '/v2/models/echo/versions/0001/infer', json)).status, 200);
    assert.equal(core.seen[0]?.modelVersion, '1');
    assert.equal((await post(core, '/v2/models/echo/versions/9223372036854775808/infer', json)).status, 400);
    assert.equal((await post(core, `/v2/models/echo/versions/${'9'.repeat(10_000)}/infer`, json)).status, 400);
  });

  it('never reads names that every object has from a request', async () => {
    const core = scriptedCore();
    const text =
      '{"__proto__":{"inputs":[1]},"parameters":{"__proto__":"x","constructor":1},"inputs":[{"__proto__":{"data":[9]},"name":"x","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}]}';
    assert.equal((await post(core, '/v2/models/echo/infer', Buffer.from(text))).status, 200);
    const parameters = core.seen[0]?.parameters ?? {};
    assert.deepEqual(Object.keys(parameters), ['__proto__', 'constructor']);
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
    for (const datatype of ['constructor', '__proto__', 'toString']) {
      const json = Buffer.from(JSON.stringify({ inputs: [{ ...tensor, datatype, data: [] }] }));
      assert.equal((await post(core, '/v2/models/echo/infer', json)).status, 400);
    }
  });

  it("turns each of the core's statuses into Triton's", async () => {
    const expected: Record<CoreStatus, number> = {
      INVALID_ARG: 400,
      NOT_FOUND: 404,
      UNAVAILABLE: 503,
      INTERNAL: 500,
      UNSUPPORTED: 501,
      ALREADY_EXISTS: 400,
      UNKNOWN: 400,
      DEADLINE: 503,
    };
    for (const [status, code] of Object.entries(expected) as [CoreStatus, number][]) {
      const core = scriptedCore({ infer: async () => Promise.reject(new CoreError(status, `it is ${status}`)) });
      const answer = await infer(core, { json: { inputs: [] } });
      assert.equal(answer.status, code);
      assert.deepEqual(JSON.parse(answer.body.toString()), { error: `it is ${status}` });
    }
  });

  it('answers 500 where it has a bug, and tells only the log of it', async () => {
    const lines: string[] = [];
    const core = scriptedCore({
      modelConfig: () => {
        throw new TypeError('secret');
      },
      infer: () => Promise.reject(new TypeError('secret')),
    });
    const routes = httpRoutes(core, (line) => lines.push(line));
    for (const request of [
      { method: 'GET', path: '/v2/models/echo/config', body: Buffer.alloc(0) },
      { method: 'POST', path: '/v2/models/echo/infer', body: Buffer.from('{"inputs":[]}') },
    ]) {
      const answer = await routes({ ...request, headers: new Map() });
      assert.equal(answer.status, 500);
      assert.doesNotMatch(Buffer.concat(answer.body).toString(), /secret/);
    }
    assert.equal(lines.filter((line) => line.startsWith('a bug: TypeError: secret')).length, 2);
  });

  it('loads with a configuration and with nothing, and refuses what else a load may ask', async () => {
    const loads: unknown[] = [];
    const core = scriptedCore({ load: async (...all) => void loads.push(all) });
    const load = (text: string) => post(core, '/v2/repository/models/echo/load', Buffer.from(text));
    assert.equal((await load('')).status, 200);
    assert.equal((await load('{"parameters":{"config":"{}"}}')).status, 200);
    assert.deepEqual(loads, [
      ['echo', {}],
      ['echo', { config: '{}' }],
    ]);
    for (const text of [
      '{',
      '{"parameters":[]}',
      '{"parameters":{"config":{}}}',
      '{"parameters":{"file:1/model.onnx":"x"}}',
    ]) {
      assert.equal((await load(text)).status, 500);
    }
    assert.equal(loads.length, 2);
  });
});

describe('metrics', () => {
  it("are Triton's counters in the text format", async () => {
    const answer = await metricsRoutes(scriptedCore())({
      method: 'GET',
      path: '/metrics',
      headers: new Map(),
      body: Buffer.alloc(0),
    });
    const lines = Buffer.concat(answer.body).toString().split('\n');
    for (const line of [
      '# TYPE nv_inference_request_success counter',
      'nv_inference_request_success{model="echo",version="1"} 4',
      'nv_inference_request_failure{model="echo",reason="OTHER",version="1"} 1',
      'nv_inference_count{model="echo",version="1"} 5',
      'nv_inference_exec_count{model="echo",version="1"} 3',
      'nv_inference_request_duration_us{model="echo",version="1"} 4000',
      'nv_inference_queue_duration_us{model="echo",version="1"} 1000',
    ]) {
      assert(lines.includes(line), `${line} is missing`);
    }
    const [seconds, bytes] = ['process_cpu_seconds_total', 'process_resident_memory_bytes'].map((name) =>
      Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1]),
    );
    assert(seconds !== undefined && seconds > 0 && seconds < 1e6 && bytes !== undefined && bytes > 2 ** 20);
  });
});

type Sent = { json: unknown; raw?: Buffer };
type Got = Omit<HttpAnswer, 'body'> & { body: Buffer };

function infer(core: Parameters<typeof httpRoutes>[0], { json, raw: tensors }: Sent): Promise<Got> {
  const head = Buffer.from(JSON.stringify(json));
  const length = { 'inference-header-content-length': String(head.byteLength) };
  return post(core, '/v2/models/echo/infer', Buffer.concat([head, tensors ?? Buffer.alloc(0)]), length);
}

async function post(
  core: Parameters<typeof httpRoutes>[0],
  path: string,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<Got> {
  const answer = await httpRoutes(
    core,
    assert.fail,
  )({ method: 'POST', path, headers: new Map(Object.entries(headers)), body });
  return { ...answer, body: Buffer.concat(answer.body) };
}
