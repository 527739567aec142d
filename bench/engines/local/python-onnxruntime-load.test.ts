import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KServeError } from '../../kserve/client.ts';
import { decodeElements, encodeElements } from '../../kserve/tensors.ts';
import { requires } from '../../testing/requires.ts';
import type { Server } from '../engine.ts';
import { flowers, labelsOf } from '../iris-requests.ts';
import { StagedRepository } from '../staged-repository.ts';
import { installedEngine } from './find.ts';
import { readInstallation } from './installation.ts';
import { tinyModels } from './tiny-models.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

let repository: StagedRepository;
let server: Server;
let completing: Server;

describe('the python-based onnxruntime backend refuses to load', requires('triton'), () => {
  before(startServers);
  after(stopServers);

  const wrong: [string, Record<string, string>, RegExp][] = [
    [
      'a size that the model does not have',
      { 'dims: [ 4 ]': 'dims: [ 5 ]' },
      /'input': the model expects 2 dimensions \(shape \[-1,4\]\).*complete shape \[-1,5\]/,
    ],
    [
      'a label without its reshape',
      { 'reshape { shape: [ ] }': '' },
      /'label': the model expects 1 dimensions \(shape \[-1\]\)/,
    ],
    [
      'a data type that the model does not have',
      { TYPE_FP32: 'TYPE_FP64' },
      /expects datatype TYPE_FP64 for input 'input', model provides TYPE_FP32/,
    ],
    [
      'an output that the model does not have',
      { 'name: "label"': 'name: "lable"' },
      /unexpected inference output 'lable', allowed outputs are: label, probabilities/,
    ],
    [
      'inputs in another number',
      { 'output [': 'input [ { name: "more" data_type: TYPE_FP32 dims: [ 1 ] } ]\noutput [' },
      /expects 2 inputs, model provides 1/,
    ],
    ['GPU instances where there is no GPU', { KIND_CPU: 'KIND_GPU' }, /GPU/],
    [
      'an execution mode that there is not',
      { intra_op_thread_count: 'execution_mode', 'string_value: "1"': 'string_value: "7"' },
      /execution_mode are 0 or 1 but got 7/,
    ],
    [
      'a thread count that is no number',
      { 'string_value: "1"': 'string_value: "many"' },
      /'many'.*intra_op_thread_count/,
    ],
    [
      'an accelerator that it lacks',
      {
        'dynamic_batching { }':
          'optimization { execution_accelerators { cpu_execution_accelerator [ { name: "openvino" } ] } }',
      },
      /unknown Execution Accelerator 'openvino'/,
    ],
  ];
  for (const [index, [what, changes, reason]] of wrong.entries()) {
    it(what, async () => {
      repository.addLikeCommitted(`wrong-${index}`, changes);
      await assertRefused(`wrong-${index}`, reason);
    });
  }

  it('a file that is not ONNX', async () => {
    for (const [name, content] of [
      ['empty', ''],
      ['garbage', 'this is not a model\0\xff'],
      ['torn', tinyModels.difference.subarray(0, 60)],
    ] as const) {
      repository.addLikeCommitted(name);
      repository.write(`${name}/1/model.onnx`, content);
      await assertRefused(name, /onnx runtime error/);
    }
  });

  it('a model whose file is not there', async () => {
    repository.addLikeCommitted('absent', { '"model.onnx"': '"absent.onnx"' });
    await assertRefused('absent', /unable to find .*absent\.onnx/);
  });
});

describe('the python-based onnxruntime backend completes a configuration', requires('triton'), () => {
  before(startServers);
  after(stopServers);

  it('from the ONNX file where there is none', async () => {
    repository.addModel('bare');
    await completing.control.load('bare');
    const config = await completing.control.config('bare');
    assert.equal(config.max_batch_size, 4);
    assert.equal(config.backend, 'onnxruntime');
    assert.notEqual(config.dynamic_batching, undefined);
    const { outputs } = await completing.control.modelMetadata('bare');
    assert.deepEqual(outputs, [
      { name: 'label', datatype: 'INT64', shape: [-1, 1] },
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 3] },
    ]);
    assert.deepEqual(await labelsOf(completing, flowers, 'bare'), [0n, 1n, 2n]);
  });

  it('without batching where the model cannot', async () => {
    repository.write('total-bare/1/model.onnx', tinyModels.total);
    await completing.control.load('total-bare');
    const config = await completing.control.config('total-bare');
    assert.equal(config.max_batch_size, 0);
    const [answer] = await completing.control.infer('total-bare', [
      { name: 'x', datatype: 'FP32', shape: [2], data: encodeElements('FP32', [1, 2]) },
    ]);
    assert.deepEqual(decodeElements('FP32', answer?.data ?? new Uint8Array()), [3]);
  });

  it('not at all where completion is off', async () => {
    repository.addModel('bare-too');
    await assertRefused('bare-too', /bare-too/);
  });

  it('and says so where the file is not ONNX', async () => {
    repository.addModel('bare-garbage');
    repository.write('bare-garbage/1/model.onnx', 'garbage');
    await assert.rejects(completing.control.load('bare-garbage'), /onnx runtime error/);
  });
});

async function startServers(): Promise<void> {
  const installation = readInstallation(root);
  if ('missing' in installation) throw new Error(installation.missing);
  const engine = installedEngine(installation.found, process.env);
  repository = new StagedRepository();
  server = await engine.start({ repository: repository.path, autoCompleteConfig: false });
  completing = await engine.start({ repository: repository.path, autoCompleteConfig: true });
}

async function stopServers(): Promise<void> {
  await Promise.all([server?.stop(), completing?.stop()]);
  repository?.[Symbol.dispose]();
}

async function assertRefused(model: string, reason: RegExp): Promise<void> {
  const mark = server.logMark();
  await assert.rejects(server.control.load(model), KServeError);
  assert.match(server.logSince(mark).join('\n'), reason);
}
