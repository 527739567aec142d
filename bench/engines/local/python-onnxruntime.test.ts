import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KServeError } from '../../kserve/client.ts';
import { type Datatype, decodeElements, encodeElements, type Tensor } from '../../kserve/tensors.ts';
import { requires } from '../../testing/requires.ts';
import type { Server } from '../engine.ts';
import { flowers, inputOf, labelsOf } from '../iris-requests.ts';
import { StagedRepository } from '../staged-repository.ts';
import { installedEngine } from './find.ts';
import { readInstallation } from './installation.ts';
import { livingMembers } from './process-group.ts';
import { tinyModels } from './tiny-models.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let repository: StagedRepository;
let server: Server;

describe('the python-based onnxruntime backend', requires('triton'), () => {
  before(async () => {
    const installation = readInstallation(root);
    if ('missing' in installation) throw new Error(installation.missing);
    const engine = installedEngine(installation.found, process.env);
    repository = new StagedRepository();
    server = await engine.start({ repository: repository.path, autoCompleteConfig: false });
  });
  after(async () => {
    await server?.stop();
    repository?.[Symbol.dispose]();
  });

  it('is named as what serves, and its numbers as not transferable', () => {
    assert.equal(server.identity.backend, 'python-based onnxruntime backend');
    assert.equal(server.identity.transferable, false);
  });

  it('runs an instance for each that is asked for', async () => {
    const before = stubs().length;
    repository.addLikeCommitted('four', { 'count: 1': 'count: 4' });
    await server.control.load('four');
    assert.equal(stubs().length - before, 4);
    assert.deepEqual(await labelsOf(server, flowers, 'four'), [0n, 1n, 2n]);
  });

  it('runs waiting requests as one batch and gives each its own answer', async () => {
    repository.addLikeCommitted('merging', {
      'dynamic_batching { }': 'dynamic_batching { max_queue_delay_microseconds: 100000 }',
    });
    await server.control.load('merging');
    const rows = Array.from({ length: 24 }, (_, index) => index % 3);
    const answers = await Promise.all(
      rows.map((label) => labelsOf(server, [flowers[label] ?? [], flowers[0] ?? []], 'merging')),
    );
    assert.deepEqual(
      answers,
      rows.map((label) => [BigInt(label), 0n]),
    );
    const { inferences, executions } = await countsOf('merging');
    assert.equal(inferences, 48);
    assert(executions <= 6, `${executions} executions`);
  });

  it('gives only the outputs that were asked for, alone and in a batch', async () => {
    repository.addLikeCommitted('choosy', {
      'dynamic_batching { }': 'dynamic_batching { max_queue_delay_microseconds: 50000 }',
    });
    await server.control.load('choosy');
    const askedFor = [['label'], ['probabilities'], ['probabilities', 'label'], ['label']];
    assert.deepEqual(await outputNames('choosy', ['label']), ['label']);
    const answered = await Promise.all(askedFor.map((names) => outputNames('choosy', names)));
    assert.deepEqual(
      answered.map((names) => names.toSorted()),
      askedFor.map((names) => names.toSorted()),
    );
  });

  it('matches inputs by name whatever their order', async () => {
    addTiny('difference', config('difference', ['a FP32 2', 'b FP32 2'], ['difference FP32 2'], 8));
    await server.control.load('difference');
    const a = tensor('a', 'FP32', [1, 2], [7, 5]);
    const b = tensor('b', 'FP32', [1, 2], [1, 2]);
    for (const inputs of [
      [a, b],
      [b, a],
    ]) {
      assert.deepEqual(await numbersOf('difference', inputs), [6, 3]);
    }
  });

  it('serves strings', async () => {
    addTiny('text', config('text', ['x STRING 1'], ['y STRING 1'], 8));
    await server.control.load('text');
    const data = Buffer.concat(
      ['été', ''].map((word) => {
        const bytes = Buffer.from(word);
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.byteLength);
        return Buffer.concat([length, bytes]);
      }),
    );
    const [answer] = await server.control.infer('text', [{ name: 'x', datatype: 'BYTES', shape: [2, 1], data }]);
    assert.deepEqual(Buffer.from(answer?.data ?? []), data);
  });

  it('serves a model that cannot batch and gives a scalar', async () => {
    addTiny('total', config('total', ['x FP32 -1'], ['y FP32 1'], 0));
    await server.control.load('total');
    assert.deepEqual(await numbersOf('total', [tensor('x', 'FP32', [4], [1, 2, 3, 4.5])]), [10.5]);
  });

  it('fails a request that the model fails on, with the reason, and goes on', async () => {
    addTiny('gather', config('gather', ['index INT64 1'], ['value FP32 1'], 8));
    await server.control.load('gather');
    await assert.rejects(numbersOf('gather', [tensor('index', 'INT64', [1, 1], [7n])]), (error) => {
      assert(error instanceof KServeError);
      assert.match(error.reason, /onnx runtime error.*out of/);
      return true;
    });
    assert.deepEqual(await numbersOf('gather', [tensor('index', 'INT64', [2, 1], [2n, 0n])]), [30, 10]);
  });

  it('uses the threads that intra_op_thread_count asks for', async () => {
    const threads = [];
    for (const [name, count] of [
      ['one-thread', 1],
      ['three-threads', 3],
    ] as const) {
      const present = new Set(stubs());
      repository.addLikeCommitted(name, { 'string_value: "1"': `string_value: "${count}"` });
      await server.control.load(name);
      const [stub] = stubs().filter((pid) => !present.has(pid));
      threads.push(readdirSync(`/proc/${stub}/task`).length);
    }
    const [one = 0, three = 0] = threads;
    assert.equal(three - one, 2);
  });

  it('takes the options of the C++ backend and another file name', async () => {
    repository.addLikeCommitted('optioned', {
      '"model.onnx"': '"other.onnx"',
      'dynamic_batching { }': `dynamic_batching { }
        optimization { graph { level: 1 } }
        parameters { key: "inter_op_thread_count" value { string_value: "2" } }
        parameters { key: "execution_mode" value { string_value: "1" } }
        parameters { key: "enable_mem_arena" value { string_value: "0" } }
        parameters { key: "enable_mem_pattern" value { string_value: "true" } }`,
    });
    repository.addFile('optioned', 'other.onnx');
    await server.control.load('optioned');
    assert.deepEqual(await labelsOf(server, flowers, 'optioned'), [0n, 1n, 2n]);
  });
});

/** Tensors are given as "name TYPE size". */
function config(name: string, inputs: string[], outputs: string[], maxBatchSize: number): string {
  const block = (side: string, tensors: string[]) =>
    tensors
      .map((words) => words.split(' '))
      .map(([tensorName, type, size]) => `${side} { name: "${tensorName}" data_type: TYPE_${type} dims: [ ${size} ] }`)
      .join('\n');
  return `name: "${name}"
backend: "onnxruntime"
max_batch_size: ${maxBatchSize}
${block('input', inputs)}
${block('output', outputs)}
instance_group { kind: KIND_CPU count: 1 }
`;
}

function tensor(name: string, datatype: Datatype, shape: number[], values: (number | bigint)[]): Tensor {
  return { name, datatype, shape, data: encodeElements(datatype, values) };
}

async function numbersOf(model: string, inputs: Tensor[]): Promise<(number | bigint)[]> {
  const [answer] = await server.control.infer(model, inputs);
  return answer === undefined ? [] : decodeElements(answer.datatype, answer.data);
}

async function outputNames(model: string, names: string[]): Promise<string[]> {
  const [flower = []] = flowers;
  const { name, shape, datatype } = inputOf([flower]);
  const response = await fetch(`${server.control.url}/v2/models/${model}/infer`, {
    method: 'POST',
    body: JSON.stringify({
      inputs: [{ name, shape, datatype, data: flower }],
      outputs: names.map((each) => ({ name: each })),
    }),
  });
  const { outputs } = (await response.json()) as { outputs: { name: string }[] };
  return outputs.map((output) => output.name);
}

async function countsOf(model: string): Promise<{ inferences: number; executions: number }> {
  const { model_stats } = (await server.control.statistics(model)) as {
    model_stats: { inference_count: number; execution_count: number }[];
  };
  return { inferences: model_stats[0]?.inference_count ?? 0, executions: model_stats[0]?.execution_count ?? 0 };
}

function stubs(): number[] {
  return livingMembers(server.pid ?? 0).filter((pid) => pid !== server.pid);
}

function addTiny(name: keyof typeof tinyModels, text: string): void {
  repository.write(`${name}/1/model.onnx`, tinyModels[name]);
  repository.write(`${name}/config.pbtxt`, text);
}
