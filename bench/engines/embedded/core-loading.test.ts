import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differences } from '../../modelconfig/compare.ts';
import { parseConfig, toPlain } from '../../modelconfig/config.ts';
import type { PlainConfig } from '../../modelconfig/plain.ts';
import { flowers, inputOf } from '../iris-requests.ts';
import { tinyModels } from '../local/tiny-models.ts';
import { irisModel } from '../staged-repository.ts';
import { CoreFixture, floats, requestOf } from './core.fixture.ts';
import { multiplyingModel } from './onnx-model.fixture.ts';
import { Threads } from './threads.fixture.ts';

const askIris = requestOf(irisModel, [inputOf(flowers)]);

describe('a model', () => {
  it('comes and goes', async () => {
    await using fixture = await CoreFixture.start();
    const { core } = fixture;
    assert.deepEqual(core.index(false), [{ name: irisModel }]);
    assert.deepEqual(core.index(true), []);
    await core.load(irisModel, {});
    assert.deepEqual(core.index(true), [{ name: irisModel, version: '1', state: 'READY' }]);
    assert.equal(core.modelReady(irisModel, '1') && !core.modelReady(irisModel, '2'), true);
    await core.unload(irisModel);
    assert.equal(core.modelReady(irisModel), false);
    const gone = `Request for unknown model: '${irisModel}' has no available versions`;
    for (const call of [() => core.modelConfig(irisModel), () => core.modelMetadata(irisModel)]) {
      assert.throws(call, { status: 'NOT_FOUND', message: gone });
    }
    await assert.rejects(core.infer(askIris), { message: gone });
    assert.throws(() => core.statistics(irisModel), { message: `requested model '${irisModel}' is not available` });
    await core.unload(irisModel);
    await core.unload('no-such');
    await core.load(irisModel, {});
    assert.deepEqual(core.index(false), [{ name: irisModel, version: '1', state: 'READY' }]);
  });

  it('answers what it took before an unload or a reload, and nothing is lost', async () => {
    await using fixture = await CoreFixture.start();
    const { core } = fixture;
    await fixture.load('slow', multiplyingModel(256, 8), 'max_batch_size: 4 instance_group { count: 2 }');
    const request = requestOf('slow', [floats('x', [1, 256], Array(256).fill(1))]);
    for (let round = 0; round < 5; round += 1) {
      const underWay = Array.from({ length: 40 }, () => core.infer(request));
      const unloading = core.unload('slow');
      assert.equal((await Promise.all(underWay)).length, 40);
      await unloading;
      await core.load('slow', {});
    }
    const underWay = Array.from({ length: 40 }, () => core.infer(request));
    const config = JSON.stringify({ ...core.modelConfig('slow'), instance_group: [{ count: 1 }] });
    await core.load('slow', { config });
    const after = await core.infer(request);
    assert.equal((await Promise.all(underWay)).length, 40);
    assert.deepEqual(after.outputs[0]?.shape, [1, 256]);
    assert.equal(core.statistics('slow')[0]?.execution_count, 1);
  });

  it('keeps an override until an unload, and reads its file again where that changed', async () => {
    await using fixture = await CoreFixture.start({ loadModels: ['*'] });
    const { core, repository } = fixture;
    const countOf = () =>
      (core.modelConfig(irisModel) as { instance_group: { count: number }[] }).instance_group[0]?.count;
    const original = core.modelConfig(irisModel);
    await core.load(irisModel, { config: JSON.stringify({ ...original, instance_group: [{ count: 3 }] }) });
    await core.infer(askIris);
    await core.load(irisModel, {});
    assert.equal(countOf(), 3);
    assert.equal(core.statistics(irisModel)[0]?.execution_count, 1);
    await core.unload(irisModel);
    await core.load(irisModel, {});
    assert.deepEqual(core.modelConfig(irisModel), original);
    const file = `${irisModel}/config.pbtxt`;
    repository.write(file, repository.read(file).replace('count: 1', 'count: 2'));
    await core.load(irisModel, {});
    assert.equal(countOf(), 2);
  });

  it('goes on as it was where the next load of it fails', async () => {
    await using fixture = await CoreFixture.start({ loadModels: ['*'] });
    const { core, repository } = fixture;
    repository.write(`${irisModel}/1/model.onnx`, 'garbage');
    await assert.rejects(core.load(irisModel, {}), /version 1 is at UNAVAILABLE state: Internal: onnx runtime error/);
    assert.equal((await core.infer(askIris)).outputs.length, 2);
    await assert.rejects(
      core.load(irisModel, { config: '{"max_batch_size":-1}' }),
      /failed to poll from model repository/,
    );
    assert.equal((await core.infer(askIris)).outputs.length, 2);
  });

  it('serves the versions that its policy says, the latest by default', async () => {
    await using fixture = await CoreFixture.start();
    const { core, repository } = fixture;
    for (const version of [1, 3, 10]) repository.write(`m/${version}/model.onnx`, tinyModels.identity);
    repository.write('m/config.pbtxt', 'version_policy { latest { num_versions: 2 } }');
    await core.load('m', {});
    assert.deepEqual(core.modelMetadata('m').versions, ['3', '10']);
    const request = requestOf('m', [floats('x', [1, 1], [1])]);
    assert.equal((await core.infer(request)).modelVersion, '10');
    assert.equal((await core.infer({ ...request, modelVersion: '3' })).modelVersion, '3');
    await assert.rejects(core.infer({ ...request, modelVersion: '1' }), /version 1 is not found/);
    assert.deepEqual(
      core.statistics('m').map(({ version, execution_count: count }) => [version, count]),
      [
        ['3', 1],
        ['10', 1],
      ],
    );
    const notThere = { message: "requested model version is not available for model 'm'" };
    assert.throws(() => core.statistics('m', '1'), notThere);
  });

  it('is all its versions or none', async () => {
    await using fixture = await CoreFixture.start();
    const { core, repository } = fixture;
    repository.write('m/1/model.onnx', tinyModels.identity);
    repository.write('m/3/model.onnx', 'garbage');
    repository.write('m/config.pbtxt', 'version_policy { all { } }');
    await assert.rejects(
      core.load('m', {}),
      /^CoreError: load failed for model 'm': version 3 is at UNAVAILABLE state/,
    );
    assert.equal(core.modelReady('m'), false);
    const [entry] = core.index(false);
    assert.deepEqual([entry?.name, entry?.version, entry?.state], ['m', '3', 'UNAVAILABLE']);
  });
});

describe('first loads of one model', () => {
  it('follow one another, so that no instance is left over', async () => {
    await using threads = new Threads();
    await using fixture = await CoreFixture.start({ loadModels: [irisModel, irisModel] });
    const { core, repository } = fixture;
    repository.write('m/1/model.onnx', tinyModels.identity);
    repository.write('m/config.pbtxt', 'max_batch_size: 4 instance_group { count: 6 }');
    const before = threads.runningCount;
    await Promise.all(Array.from({ length: 10 }, () => core.load('m', {})));
    assert(threads.runningCount - before <= 6, `${threads.runningCount - before} threads`);
    await Promise.all([core.load('n', {}).catch(() => {}), core.unload('n'), core.load(irisModel, {})]);
    assert.throws(() => core.modelConfig('n'), { message: "Request for unknown model: 'n' is not found" });
    await core[Symbol.asyncDispose]();
    assert.equal(threads.runningCount, 0);
  });

  it('are waited for at the end, which comes before the last instance is there', async () => {
    await using threads = new Threads();
    await using fixture = await CoreFixture.start();
    const { core, repository } = fixture;
    repository.write('m/1/model.onnx', tinyModels.identity);
    repository.write('m/config.pbtxt', 'max_batch_size: 4 instance_group { count: 200 }');
    const loading = assert.rejects(core.load('m', {}), /the server is ending/);
    const next = assert.rejects(core.load('m', {}), { status: 'UNAVAILABLE', message: 'the server is ending' });
    while (threads.startedCount < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await core[Symbol.asyncDispose]();
    await Promise.all([loading, next]);
    assert.equal(threads.runningCount, 0);
    assert(threads.startedCount < 100, `${threads.startedCount} threads`);
    await assert.rejects(core.load(irisModel, {}), { message: 'the server is ending' });
    assert.equal(threads.runningCount, 0);
  });
});

describe('the config that is served', () => {
  const asked: Record<string, string> = {
    'as committed': '',
    'with instances': 'instance_group [ { count: 2 }, { name: "more" kind: KIND_CPU count: 1 } ]',
    'with queue policies':
      'dynamic_batching { preferred_batch_size: [ 2, 4 ] max_queue_delay_microseconds: 100 preserve_ordering: true ' +
      'priority_levels: 2 default_priority_level: 1 default_queue_policy { timeout_action: DELAY max_queue_size: 9 } ' +
      'priority_queue_policy { key: 2 value { default_timeout_microseconds: 5000 allow_timeout_override: true } } }',
    'with versions': 'version_policy { specific { versions: [ 1 ] } }',
    'with options':
      'optimization { graph { level: 1 } input_pinned_memory { enable: false } } metric_tags { key: "a" value: "b" }',
    'with parameters':
      'parameters { key: "execution_mode" value { string_value: "1" } } parameters { key: "enable_mem_arena" value { string_value: "0" } }',
    'with a warm-up':
      'model_warmup { name: "w" batch_size: 1 inputs { key: "input" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } } }',
  };
  for (const [what, extra] of Object.entries(asked)) {
    it(`is the one asked for, ${what}`, async () => {
      await using fixture = await CoreFixture.start({ autoCompleteConfig: false });
      const { core, repository } = fixture;
      const lacking = extra.split(' ')[0] ?? '';
      const committed = repository.read(`${irisModel}/config.pbtxt`);
      const rest = lacking === '' ? committed : without(committed, lacking);
      const text = `${rest}\n${extra}\n`;
      repository.write(`${irisModel}/config.pbtxt`, text);
      await core.load(irisModel, {});
      const served = core.modelConfig(irisModel) as PlainConfig;
      assert.deepEqual(differences(toPlain(parseConfig(text, 'config.pbtxt')), served), []);
      await core.unload(irisModel);
      await core.load(irisModel, { config: JSON.stringify(served) });
      assert.deepEqual(core.modelConfig(irisModel), served);
      assert.equal((await core.infer(askIris)).outputs.length, 2);
    });
  }

  it('has every field in the order and the spelling of Triton', async () => {
    await using fixture = await CoreFixture.start({ loadModels: ['*'] });
    assert.equal(
      JSON.stringify(fixture.core.modelConfig(irisModel)),
      '{"name":"sklearn-onnx","platform":"onnxruntime_onnx","backend":"onnxruntime","runtime":"","version_policy":' +
        '{"latest":{"num_versions":1}},"max_batch_size":64,"input":[{"name":"input","data_type":"TYPE_FP32","format":' +
        '"FORMAT_NONE","dims":[4],"is_shape_tensor":false,"allow_ragged_batch":false,"optional":false,' +
        '"is_non_linear_format_io":false}],"output":[{"name":"label","data_type":"TYPE_INT64","dims":[1],"reshape":' +
        '{"shape":[]},"label_filename":"","is_shape_tensor":false,"is_non_linear_format_io":false},{"name":' +
        '"probabilities","data_type":"TYPE_FP32","dims":[3],"label_filename":"","is_shape_tensor":false,' +
        '"is_non_linear_format_io":false}],"batch_input":[],"batch_output":[],"optimization":{"priority":' +
        '"PRIORITY_DEFAULT","input_pinned_memory":{"enable":true},"output_pinned_memory":{"enable":true},' +
        '"gather_kernel_buffer_threshold":0,"eager_batching":false},"dynamic_batching":{"preferred_batch_size":[64],' +
        '"max_queue_delay_microseconds":0,"preserve_ordering":false,"priority_levels":0,"default_priority_level":0,' +
        '"priority_queue_policy":{}},"instance_group":[{"name":"sklearn-onnx_0","kind":"KIND_CPU","count":1,"gpus":[],' +
        '"secondary_devices":[],"profile":[],"passive":false,"host_policy":""}],"default_model_filename":"model.onnx",' +
        '"cc_model_filenames":{},"metric_tags":{},"parameters":{"intra_op_thread_count":{"string_value":"1"}},' +
        '"model_warmup":[]}',
    );
  });
});

/** A config without its top-level field of a name, whose block ends at the first line that closes it. */
function without(text: string, field: string): string {
  if (!text.includes(`\n${field} `)) return text;
  const start = text.indexOf(`\n${field} `);
  const rest = text.slice(start + 1);
  const end = /^[}\]]$|^\S.*\}$/m.exec(rest);
  return text.slice(0, start + 1) + rest.slice((end?.index ?? 0) + (end?.[0].length ?? 0));
}
