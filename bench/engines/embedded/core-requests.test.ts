import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeElements, encodeElements, type Tensor } from '../../kserve/tensors.ts';
import { inputOf } from '../iris-requests.ts';
import { tinyModels } from '../local/tiny-models.ts';
import { irisModel } from '../staged-repository.ts';
import { CoreFixture, floats, requestOf } from './core.fixture.ts';
import type { InferRequest } from './core.ts';
import type { CoreError } from './failures.ts';

describe('the core refuses, in the words of Triton,', () => {
  const row = inputOf([[1, 2, 3, 4]]);
  const unknown = '[request id: <id_unknown>] ';
  const note =
    /unexpected shape for input 'input' for model 'sklearn-onnx'\. Expected \[-1,4\], got \[1,5\]\. NOTE: Setting/;
  const wrong: [string, Partial<InferRequest>, CoreError['status'], string | RegExp][] = [
    ['an unknown model', { modelName: 'no' }, 'NOT_FOUND', "Request for unknown model: 'no' is not found"],
    [
      'an unknown version',
      { modelVersion: '2' },
      'NOT_FOUND',
      "Request for unknown model: 'sklearn-onnx' version 2 is not found",
    ],
    [
      'no input',
      { inputs: [] },
      'INVALID_ARG',
      `${unknown}expected 1 inputs but got 0 inputs for model 'sklearn-onnx'. Got input(s) [], but missing required ` +
        "input(s) ['input']. Please provide all required input(s).",
    ],
    [
      'another input',
      { inputs: [{ ...row, name: 'x' }] },
      'INVALID_ARG',
      "unexpected inference input 'x' for model 'sklearn-onnx'",
    ],
    ['one input twice', { inputs: [row, row] }, 'INVALID_ARG', `${unknown}input 'input' already exists in request`],
    [
      'another type',
      { inputs: [{ ...row, datatype: 'FP64' }] },
      'INVALID_ARG',
      `${unknown}inference input 'input' data-type is 'FP64', but model 'sklearn-onnx' expects 'FP32'`,
    ],
    ['another shape', { inputs: [inputOf([[1, 2, 3, 4, 5]])] }, 'INVALID_ARG', note],
    [
      'too many rows',
      { inputs: [inputOf(Array(65).fill([1, 2, 3, 4]))] },
      'INVALID_ARG',
      `${unknown}inference request batch-size must be <= 64 for 'sklearn-onnx'`,
    ],
    [
      'no rows',
      { inputs: [{ ...row, shape: [0, 4], data: new Uint8Array() }] },
      'INVALID_ARG',
      `${unknown}input byte size mismatch for input 'input' for model 'sklearn-onnx'. Expected 16, got 0`,
    ],
    [
      'no shape',
      { inputs: [{ ...row, shape: [] }], id: 'me' },
      'INVALID_ARG',
      "[request id: me] input 'input' has no shape but model requires batch dimension for 'sklearn-onnx'",
    ],
    [
      'another output',
      { outputs: [{ name: 'x' }] },
      'INVALID_ARG',
      "unexpected inference output 'x' for model 'sklearn-onnx'",
    ],
  ];
  for (const [what, change, status, message] of wrong) {
    it(what, async () => {
      await using fixture = await CoreFixture.start({ loadModels: ['*'] });
      const { core } = fixture;
      await assert.rejects(core.infer({ ...requestOf(irisModel, [row]), ...change }), {
        name: 'CoreError',
        status,
        message,
      });
      assert.equal(core.statistics(irisModel)[0]?.inference_stats.fail.count, 0);
      await core.infer(requestOf(irisModel, [row]));
    });
  }

  it('what the model itself cannot do, and counts it as failed', async () => {
    await using fixture = await CoreFixture.start();
    await fixture.load('gather', tinyModels.gather);
    const ask = (index: number) => fixture.core.infer(requestOf('gather', [indexOf(index)]));
    await assert.rejects(ask(9), {
      status: 'INTERNAL',
      message: /^onnx runtime error: .*indices element out of data bounds/,
    });
    assert.deepEqual(decodeElements('FP32', (await ask(2)).outputs[0]?.data ?? new Uint8Array()), [30]);
    const { success, fail } = fixture.core.statistics('gather')[0]?.inference_stats ?? {};
    assert.deepEqual([success?.count, fail?.count], [1, 1]);
  });

  it('what waits too long or finds the queue full', async () => {
    await using fixture = await CoreFixture.start();
    const policy = 'default_queue_policy { default_timeout_microseconds: 30000 max_queue_size: 2 }';
    await fixture.load('identity', tinyModels.identity, batching('max_batch_size: 8', 500_000, policy));
    const requests = [1, 2, 3].map((id) => requestOf('identity', [floats('x', [1, 1], [id])], { id: String(id) }));
    const outcomes = await Promise.allSettled(requests.map((request) => fixture.core.infer(request)));
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
      ['Request timeout expired', 'Request timeout expired', '[request id: 3] Exceeds maximum queue size'],
    );
    assert.equal(fixture.core.statistics('identity')[0]?.inference_stats.fail.count, 2);
  });
});

function batching(head: string, delayUs: number, policy = ''): string {
  return `${head} instance_group { count: 1 } dynamic_batching { max_queue_delay_microseconds: ${delayUs} ${policy} }`;
}

function indexOf(index: number): Tensor {
  return { name: 'index', datatype: 'INT64', shape: [1, 1], data: encodeElements('INT64', [BigInt(index)]) };
}
