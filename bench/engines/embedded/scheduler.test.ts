import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeElements } from '../../kserve/tensors.ts';
import { batchingPolicyOf } from './batching-policy.ts';
import { requestOf } from './core.fixture.ts';
import { CoreError } from './failures.ts';
import type { RunResult } from './instance.ts';
import type { PartedValue } from './mailbox.ts';
import { checkRequest } from './request-check.ts';
import { type Runner, Scheduler } from './scheduler.ts';
import { fillIn } from './served-config.ts';
import { StatisticsRecorder } from './statistics.ts';
import { planTensors } from './tensor-plan.ts';

/** An instance that ends its runs when told to. */
class HeldRunner implements Runner {
  readonly isAlive = true;
  rows: number | undefined;
  #end: { resolve(result: RunResult): void; reject(error: Error): void } | undefined;

  run(feeds: readonly PartedValue[]): Promise<RunResult> {
    this.rows = feeds[0]?.dims[0];
    return new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
    });
  }

  finish(): void {
    const rows = this.rows ?? 0;
    this.rows = undefined;
    const outputs = [{ name: 'y', dims: [rows], data: new Uint8Array(4 * rows) }];
    this.#end?.resolve({ kind: 'ran', outputs, startNs: 0, endNs: 0 });
  }

  fail(): void {
    this.rows = undefined;
    this.#end?.reject(new CoreError('INTERNAL', 'broken'));
  }
}

function setUp(instanceCount: number, dynamicBatching: object | undefined) {
  const tensor = { data_type: 'TYPE_FP32', dims: [1], reshape: { shape: [] } };
  const config = fillIn(
    {
      max_batch_size: 64,
      input: [{ name: 'x', ...tensor }],
      output: [{ name: 'y', ...tensor }],
      ...(dynamicBatching !== undefined && { dynamic_batching: { ...dynamicBatching } }),
    },
    'm',
  );
  const plan = planTensors(config);
  const recorder = new StatisticsRecorder();
  const scheduler = new Scheduler({
    plan,
    policy: batchingPolicyOf(config),
    instanceCount,
    preserveOrdering: config.dynamic_batching?.preserve_ordering === true,
    recorder,
  });
  const runners = Array.from({ length: instanceCount }, () => new HeldRunner());
  for (const runner of runners) scheduler.offer(runner);
  const submit = (done: (outcome: string) => void) => {
    const request = requestOf('m', [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: encodeElements('FP32', [1]) }]);
    const resolve = () => done('answered');
    const reject = (error: Error) => done(error.message);
    const checked = checkRequest(request, plan);
    const rest = { id: '', rows: 1, shapeKey: '', priority: 0, timeoutUs: 0, receivedNs: 0 };
    scheduler.submit({ checked, ...rest, resolve, reject });
  };
  return { scheduler, runners, recorder, submit };
}

/** Mean batch in a closed loop: so many requests under way at any time, the instances ending in turn. */
async function meanBatch(concurrency: number, instanceCount: number, batching: object | undefined): Promise<number> {
  const { runners, submit } = setUp(instanceCount, batching);
  const loop = (): void => submit(loop);
  for (let index = 0; index < concurrency; index += 1) loop();
  let rows = 0;
  const warmUp = 24 * instanceCount;
  const executions = 120 * instanceCount;
  for (let ended = -warmUp; ended < executions; ended += 1) {
    const runner = runners[(ended + warmUp) % instanceCount];
    if (ended >= 0) rows += runner?.rows ?? 0;
    runner?.finish();
    await nextTurn();
  }
  return rows / executions;
}

describe('the mean batch in a closed loop', () => {
  // With every instance busy what comes waits in one more batch, so `concurrency` is spread over instances + 1 batches.
  const table: [number, number, object | undefined, number][] = [
    [1, 1, {}, 1],
    [2, 1, {}, 1],
    [8, 1, {}, 4],
    [32, 1, {}, 16],
    [8, 2, {}, 8 / 3],
    [8, 3, {}, 2],
    [8, 8, {}, 1],
    [8, 1, undefined, 1],
    [8, 4, undefined, 1],
    // A batch of the preferred size is closed, so sooner or later every batch has it.
    [8, 1, { preferred_batch_size: [4] }, 4],
    [9, 1, { preferred_batch_size: [4] }, 4],
    [8, 2, { preferred_batch_size: [2] }, 2],
  ];
  for (const [concurrency, instances, batching, expected] of table) {
    const how = batching === undefined ? 'without batching' : `with batching ${JSON.stringify(batching)}`;
    it(`of ${concurrency} requests and ${instances} instances ${how} is ${expected.toFixed(2)}`, async () => {
      assert.equal(await meanBatch(concurrency, instances, batching), expected);
    });
  }
});

describe('a scheduler', () => {
  it('fails each request of a batch that fails, and goes on', async () => {
    const { runners, submit, recorder } = setUp(1, {});
    const outcomes: string[] = [];
    for (let index = 0; index < 3; index += 1) submit((outcome) => outcomes.push(outcome));
    runners[0]?.finish();
    await nextTurn();
    assert.equal(runners[0]?.rows, 2);
    runners[0]?.fail();
    await nextTurn();
    submit((outcome) => outcomes.push(outcome));
    runners[0]?.finish();
    await nextTurn();
    assert.deepEqual(outcomes, ['answered', 'broken', 'broken', 'answered']);
    const { execution_count: executions, inference_stats: phases } = recorder.read('m', '1');
    assert.deepEqual([executions, phases.success.count, phases.fail.count], [2, 2, 2]);
  });

  it('answers in the order of arrival where that is to be kept', async () => {
    for (const [keeps, expected] of [
      [true, ['', 'ab']],
      [false, ['b', 'ba']],
    ] as const) {
      const { runners, submit } = setUp(2, { preserve_ordering: keeps });
      let order = '';
      for (const name of 'ab') submit(() => (order += name));
      runners[1]?.finish();
      await nextTurn();
      const early = order;
      runners[0]?.finish();
      await nextTurn();
      assert.deepEqual([early, order], expected);
    }
  });

  it('is drained once every request is answered', async () => {
    const { scheduler, runners, submit } = setUp(1, {});
    await scheduler.drained();
    let isDrained = false;
    submit(() => {});
    submit(() => {});
    const drained = scheduler.drained().then(() => {
      isDrained = true;
    });
    runners[0]?.finish();
    await nextTurn();
    assert.equal(isDrained, false);
    runners[0]?.finish();
    await drained;
  });
});
