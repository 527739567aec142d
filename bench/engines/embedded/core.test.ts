import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Datatype, decodeElements, elementBytes, type Tensor } from '../../kserve/tensors.ts';
import { flowers, inputOf } from '../iris-requests.ts';
import { tinyModels } from '../local/tiny-models.ts';
import { irisModel } from '../staged-repository.ts';
import { CoreFixture, floats, requestOf } from './core.fixture.ts';
import type { InferRequest, InferResponse } from './core.ts';
import { elementTypes } from './datatypes.ts';
import { identityModel } from './onnx-model.fixture.ts';
import { readTexts, writeTexts } from './texts.ts';

describe('the core answers', () => {
  it('with the classes and probabilities of the iris model', async () => {
    await using fixture = await CoreFixture.start({ loadModels: ['*'], autoCompleteConfig: false });
    const { outputs, ...rest } = await fixture.core.infer(requestOf(irisModel, [inputOf(flowers)], { id: 'a' }));
    assert.deepEqual(rest, { modelName: irisModel, modelVersion: '1', id: 'a' });
    assert.deepEqual(
      outputs.map(({ name, datatype, shape }) => [name, datatype, shape]),
      [
        ['label', 'INT64', [3, 1]],
        ['probabilities', 'FP32', [3, 3]],
      ],
    );
    assert.deepEqual(decodeElements('INT64', outputs[0]?.data ?? new Uint8Array()), [0n, 1n, 2n]);
  });

  it('only with what is asked for, in the order of the config', async () => {
    await using fixture = await CoreFixture.start({ loadModels: ['*'] });
    const ask = async (...names: string[]) => {
      const request = requestOf(irisModel, [inputOf(flowers)], { outputs: names.map((name) => ({ name })) });
      return (await fixture.core.infer(request)).outputs.map(({ name }) => name);
    };
    assert.deepEqual(await ask('probabilities'), ['probabilities']);
    assert.deepEqual(await ask('probabilities', 'label', 'label'), ['label', 'probabilities']);
    const together = await Promise.all([ask('label'), ask('probabilities'), ask('label'), ask()]);
    assert.deepEqual(together, [['label'], ['probabilities'], ['label'], ['label', 'probabilities']]);
  });

  it('each request of a batch with its own rows', async () => {
    await using fixture = await CoreFixture.start();
    await fixture.load('difference', tinyModels.difference, batching('max_batch_size: 8', 100_000));
    const answers = await Promise.all([1, 2, 5].map((rows) => fixture.core.infer(differenceOf('difference', rows))));
    for (const [index, rows] of [1, 2, 5].entries()) {
      const expected = Array.from({ length: 2 * rows }, (_, at) => rows * 100 + at);
      assert.deepEqual(values(answers[index]), { shape: [rows, 2], values: expected });
    }
    const [statistics] = fixture.core.statistics('difference');
    assert.equal(statistics?.execution_count, 1);
    assert.deepEqual(
      statistics?.batch_stats.map(({ batch_size: size }) => size),
      [8],
    );
  });

  it('with texts, joined and taken apart again', async () => {
    await using fixture = await CoreFixture.start();
    await fixture.load('text', tinyModels.text, batching('max_batch_size: 4', 100_000));
    const sent = [['', 'ä€😀'], ['b'.repeat(5000)], ['c']];
    const answers = await Promise.all(sent.map((texts) => fixture.core.infer(textsOf(texts))));
    assert.deepEqual(
      answers.map(({ outputs: [output] }) => [output?.shape, readTexts(output?.data ?? new Uint8Array())]),
      sent.map((texts) => [[texts.length, 1], texts]),
    );
    assert.equal(fixture.core.statistics('text')[0]?.execution_count, 1);
  });

  it('from a model that cannot batch, one request at a time', async () => {
    await using fixture = await CoreFixture.start();
    await fixture.load('total', tinyModels.total);
    const ask = (size: number) => fixture.core.infer(requestOf('total', [floats('x', [size], Array(size).fill(2))]));
    const answers = await Promise.all([3, 0, 50_000].map(ask));
    assert.deepEqual(
      answers.map(values),
      [6, 0, 100_000].map((sum) => ({ shape: [1], values: [sum] })),
    );
    assert.equal(fixture.core.statistics('total')[0]?.execution_count, 3);
  });

  it('with tensors that are too large for the memory that threads share', async () => {
    await using fixture = await CoreFixture.start();
    await fixture.load('identity', tinyModels.identity, 'max_batch_size: 1000000');
    const rows = 300_000;
    const data = Float32Array.from({ length: rows }, (_, row) => row);
    const tensor: Tensor = { name: 'x', datatype: 'FP32', shape: [rows, 1], data: new Uint8Array(data.buffer) };
    const { outputs } = await fixture.core.infer(requestOf('identity', [tensor]));
    assert.deepEqual(Buffer.from(outputs[0]?.data ?? []), Buffer.from(data.buffer));
    assert.equal(data.length, rows);
  });

  for (const { config, datatype, onnx, onnxNumber } of elementTypes) {
    if (onnx === undefined || datatype === 'BYTES') continue;
    it(`with the bytes of ${config}`, async () => {
      await using fixture = await CoreFixture.start();
      await fixture.load('identity', identityModel(onnxNumber));
      const tensor = patternOf(datatype);
      const { outputs } = await fixture.core.infer(requestOf('identity', [tensor]));
      assert.deepEqual(outputs, [{ ...tensor, name: 'y' }]);
    });
  }

  it('no type that onnxruntime-node has no tensors for', async () => {
    await using fixture = await CoreFixture.start();
    await assert.rejects(fixture.load('brain', identityModel(16)), /unsupported datatype TYPE_BF16 for 'x'/);
  });

  it('with the highest values where a class is asked for, by its label', async () => {
    await using fixture = await CoreFixture.start();
    fixture.repository.addLikeCommitted('labelled', { 'dims: [ 3 ]': 'dims: [ 3 ] label_filename: "labels.txt"' });
    fixture.repository.write('labelled/labels.txt', 'setosa\nversicolor\nvirginica\n');
    await fixture.core.load('labelled', {});
    const outputs = [{ name: 'probabilities', classification: 1 }];
    const answer = await fixture.core.infer(requestOf('labelled', [inputOf(flowers)], { outputs }));
    const [output] = answer.outputs;
    assert.deepEqual([output?.datatype, output?.shape], ['BYTES', [3, 1]]);
    const texts = readTexts(output?.data ?? new Uint8Array());
    assert.deepEqual(
      texts.map((text) => text.replace(/^\d\.\d{6}/, '')),
      [':0:setosa', ':1:versicolor', ':2:virginica'],
    );
  });
});

function batching(head: string, delayUs: number, policy = ''): string {
  return `${head} instance_group { count: 1 } dynamic_batching { max_queue_delay_microseconds: ${delayUs} ${policy} }`;
}

function differenceOf(model: string, rows: number): InferRequest {
  const a = Array.from({ length: 2 * rows }, (_, at) => rows * 1000 + at);
  return requestOf(model, [floats('a', [rows, 2], a), floats('b', [rows, 2], Array(2 * rows).fill(rows * 900))]);
}

function textsOf(texts: readonly string[]): InferRequest {
  return requestOf('text', [{ name: 'x', datatype: 'BYTES', shape: [texts.length, 1], data: writeTexts(texts) }]);
}

function patternOf(datatype: Datatype): Tensor {
  const size = (elementBytes[datatype] ?? 1) * 3;
  const data = Uint8Array.from({ length: size }, (_, at) => (datatype === 'BOOL' ? at % 2 : (at * 37 + 1) % 120));
  return { name: 'x', datatype, shape: [3, 1], data };
}

function values(response: InferResponse | undefined): { shape: readonly number[]; values: (number | bigint)[] } {
  const [output] = response?.outputs ?? [];
  assert(output !== undefined);
  return { shape: output.shape, values: decodeElements(output.datatype, output.data) };
}
