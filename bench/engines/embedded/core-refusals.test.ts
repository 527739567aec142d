import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tinyModels } from '../local/tiny-models.ts';
import { irisModel } from '../staged-repository.ts';
import { CoreFixture } from './core.fixture.ts';

describe('a load is refused, with the reason in the log,', () => {
  const polled: [string, Record<string, string>, RegExp][] = [
    ['an unknown field', { 'dynamic_batching { }': 'dynamic_batching { no_such: 1 }' }, /no_such/],
    [
      'the name of another model',
      { 'name: "wrong"': 'name: "other"' },
      /unexpected directory name 'wrong' for model 'other'/,
    ],
    [
      'a backend that its platform is not for',
      { '"onnxruntime"': '"tensorrt"' },
      /unexpected 'platform' and 'backend' pair/,
    ],
    ['a negative batch size', { 'max_batch_size: 64': 'max_batch_size: -1' }, /'max_batch_size' must be non-negative/],
    [
      'a preferred size beyond it',
      { 'dynamic_batching { }': 'dynamic_batching { preferred_batch_size: 65 }' },
      /preferred size must be <= max/,
    ],
    [
      'a preferred size of none',
      { 'dynamic_batching { }': 'dynamic_batching { preferred_batch_size: 0 }' },
      /preferred size must be positive/,
    ],
    [
      'levels without a default',
      { 'dynamic_batching { }': 'dynamic_batching { priority_levels: 3 }' },
      /must be in range \[1, 3\]/,
    ],
    ['a dimension of 0', { 'dims: [ 4 ]': 'dims: [ 0 ]' }, /dimension must be integer >= 1/],
    ['no dimensions', { 'dims: [ 4 ]': 'dims: [ ]' }, /must specify 'dims'/],
    ['no type', { 'data_type: TYPE_FP32': '' }, /must specify 'data_type'/],
    [
      'a reshape to another size',
      { 'reshape { shape: [ ] }': 'reshape { shape: [ 2 ] }' },
      /different size for dims and reshape/,
    ],
  ];
  for (const [what, changes, reason] of polled) {
    it(what, () => assertRefused(changes, reason, /^failed to load 'wrong', failed to poll from model repository$/));
  }

  const opened: [string, Record<string, string>, RegExp][] = [
    [
      'a size that the model does not have',
      { 'dims: [ 4 ]': 'dims: [ 5 ]' },
      /'input': the model expects 2 dimensions \(shape \[-1,4\]\).*\[-1,5\]/,
    ],
    [
      'a label without its reshape',
      { 'reshape { shape: [ ] }': '' },
      /'label': the model expects 1 dimensions \(shape \[-1\]\)/,
    ],
    [
      'another type',
      { TYPE_FP32: 'TYPE_FP64' },
      /expects datatype TYPE_FP64 for input 'input', model provides TYPE_FP32/,
    ],
    [
      'an output that is not there',
      { 'name: "label"': 'name: "lable"' },
      /unexpected inference output 'lable', allowed outputs are: label, probabilities/,
    ],
    [
      'more inputs',
      { 'output [': 'input [ { name: "more" data_type: TYPE_FP32 dims: [ 1 ] } ]\noutput [' },
      /expects 2 inputs, model provides 1/,
    ],
    ['a GPU', { KIND_CPU: 'KIND_GPU' }, /no GPU execution provider/],
    [
      'an execution mode',
      { intra_op_thread_count: 'execution_mode', 'string_value: "1"': 'string_value: "7"' },
      /execution_mode are 0 or 1 but got 7/,
    ],
    ['a thread count', { 'string_value: "1"': 'string_value: "many"' }, /'many'.*intra_op_thread_count/],
    ['a file', { '"model.onnx"': '"absent.onnx"' }, /unable to find .*absent\.onnx/],
    ['a file elsewhere', { '"model.onnx"': '"../../sklearn-onnx/1/model.onnx"' }, /is not the name of a file/],
    [
      'labels',
      { 'dims: [ 3 ]': 'dims: [ 3 ] label_filename: "../sklearn-onnx/config.pbtxt"' },
      /failed to open text file/,
    ],
  ];
  for (const [what, changes, reason] of opened) {
    it(what, () =>
      assertRefused(changes, reason, /^load failed for model 'wrong': version 1 is at UNAVAILABLE state: Internal: /),
    );
  }

  const unsupported: [string, string][] = [
    ['ensembles', 'ensemble_scheduling { step { model_name: "a" model_version: -1 } }'],
    ['sequence batching', 'sequence_batching { }'],
    ['decoupled models', 'model_transaction_policy { decoupled: true } dynamic_batching { }'],
    ['batch_input', 'batch_input { target_name: "a" } dynamic_batching { }'],
  ];
  for (const [what, instead] of unsupported) {
    it(`what this server does not do: ${what}`, async () => {
      await using fixture = await CoreFixture.start();
      fixture.repository.addLikeCommitted('wrong', { 'dynamic_batching { }': instead });
      const message = `the embedded server does not do ${what}, which model 'wrong' asks for`;
      await assert.rejects(fixture.core.load('wrong', {}), { status: 'UNSUPPORTED', message });
    });
  }

  it('nothing of what it leaves out without a word in the log', async () => {
    await using fixture = await CoreFixture.start();
    fixture.repository.addLikeCommitted('odd', {
      'count: 1': 'count: 1 rate_limiter { priority: 2 }',
      'dynamic_batching { }': 'dynamic_batching { } response_cache { enable: true }',
    });
    await fixture.core.load('odd', {});
    const ignored = fixture.log.filter((line) => /does nothing/.test(line));
    assert.deepEqual(
      ignored,
      ['response_cache', 'instance_group.rate_limiter'].map((part) => {
        return `odd: ${part} is accepted and does nothing in this server`;
      }),
    );
  });

  it('files that are not models', async () => {
    await using fixture = await CoreFixture.start();
    for (const content of ['', 'this is not a model\0\xff', tinyModels.difference.subarray(0, 60)]) {
      await assert.rejects(fixture.load('odd', Buffer.from(content)), /onnx runtime error/);
    }
    await fixture.load('odd', tinyModels.difference);
    assert.equal(fixture.core.modelReady('odd'), true);
  });

  it('a model that is not there, or has no version', async () => {
    await using fixture = await CoreFixture.start();
    for (const name of ['no-such', '..', '', '../x', '__proto__']) {
      await assert.rejects(fixture.core.load(name, {}), {
        message: `failed to load '${name}', failed to poll from model repository`,
      });
    }
    fixture.repository.write('bare/config.pbtxt', 'backend: "onnxruntime"');
    await assert.rejects(
      fixture.core.load('bare', {}),
      /at least one version must be available under the version policy of model 'bare'/,
    );
    fixture.repository.write('unknown/readme', '');
    await assert.rejects(fixture.core.load('unknown', {}), /failed to poll/);
    assert.match(fixture.log.join('\n'), /Could not determine backend for model 'unknown'/);
  });

  it('one without a config where nothing completes it', async () => {
    await using fixture = await CoreFixture.start({ autoCompleteConfig: false });
    fixture.repository.addModel('bare');
    await assert.rejects(fixture.core.load('bare', {}), /failed to poll/);
    assert.match(fixture.log.join('\n'), /bare\/config\.pbtxt: No such file/);
  });

  it('where the repository is controlled in another way', async () => {
    await using fixture = await CoreFixture.start({ modelControl: 'none' });
    assert.equal(fixture.core.modelReady(irisModel), true);
    const refused = { status: 'UNAVAILABLE', message: /explicit model .* is not allowed/ };
    await assert.rejects(fixture.core.load(irisModel, {}), refused);
    await assert.rejects(fixture.core.unload(irisModel), refused);
  });

  it('with the start of the core where it was to be loaded then', async () => {
    await assert.rejects(CoreFixture.start({ loadModels: ['no-such'] }), { message: 'failed to load all models' });
    const broken = CoreFixture.start({ modelControl: 'none' }, (staged) => staged.write('odd/1/model.onnx', 'garbage'));
    await assert.rejects(broken, { message: 'failed to load all models' });
  });
});

async function assertRefused(changes: Record<string, string>, reason: RegExp, message: RegExp): Promise<void> {
  await using fixture = await CoreFixture.start({ autoCompleteConfig: false });
  fixture.repository.addLikeCommitted('wrong', changes);
  await assert.rejects(fixture.core.load('wrong', {}), { name: 'CoreError', message });
  assert.match(fixture.log.join('\n'), reason);
  assert.equal(fixture.core.modelReady('wrong'), false);
}
