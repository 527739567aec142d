import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Batcher, type BatchingPolicy, type QueuePolicy, type Waiting } from './batcher.ts';

const usualQueue: QueuePolicy = {
  timeoutAction: 'REJECT',
  defaultTimeoutUs: 0,
  allowTimeoutOverride: false,
  maxQueueSize: 0,
};
const usual: BatchingPolicy = {
  maxBatchSize: 8,
  preferredBatchSizes: [8],
  maxQueueDelayUs: 0,
  levels: [usualQueue],
  defaultLevel: 0,
};

type Item = Waiting & { readonly name: string };

function item(name: string, rows = 1, shapeKey = ''): Item {
  return { name, rows, shapeKey };
}

function batcherOf(policy: Partial<BatchingPolicy>): Batcher<Item> {
  return new Batcher({ ...usual, ...policy });
}

function add(batcher: Batcher<Item>, count: number, atNs = 0): void {
  for (let index = 0; index < count; index += 1) batcher.add(item(`r${index}`), {}, atNs);
}

/** What a decision comes to, in few words: `wait 500`, `take 3`, `take 3, full`. */
function next(batcher: Batcher<Item>, nowNs: number, startedRows = 0): string {
  const started = startedRows > 0 ? { rows: startedRows, shapeKey: '' } : undefined;
  const decision = batcher.next(started, nowNs);
  if (decision.kind === 'wait') return `wait until ${decision.untilNs}`;
  if (decision.kind === 'idle') return 'idle';
  return `take ${decision.items.length}${decision.isFull ? ', full' : ''}`;
}

describe('a batcher without a queue delay', () => {
  it('takes what is there', () => {
    for (const count of [1, 3, 7]) {
      const batcher = batcherOf({});
      add(batcher, count);
      assert.equal(next(batcher, 0), `take ${count}`);
      assert.equal(next(batcher, 0), 'idle');
    }
  });

  it('takes no more than the greatest batch, and the rest in another', () => {
    const batcher = batcherOf({});
    add(batcher, 19);
    assert.equal(next(batcher, 0), 'take 8, full');
    assert.equal(next(batcher, 0), 'take 8, full');
    assert.equal(next(batcher, 0), 'take 3');
  });

  it('fills a batch that waits for an instance, up to the greatest', () => {
    const batcher = batcherOf({});
    add(batcher, 5);
    assert.equal(next(batcher, 0, 6), 'take 2, full');
    assert.equal(next(batcher, 0), 'take 3');
  });

  it('closes a batch that the next request does not fit', () => {
    const batcher = batcherOf({});
    batcher.add(item('large', 5), {}, 0);
    assert.equal(next(batcher, 0, 6), 'take 0, full');
    assert.equal(next(batcher, 0), 'take 1');
  });

  it('ends a batch at a preferred size', () => {
    const batcher = batcherOf({ preferredBatchSizes: [2, 4] });
    add(batcher, 7);
    assert.equal(next(batcher, 0), 'take 4, full');
    assert.equal(next(batcher, 0), 'take 2, full');
    assert.equal(next(batcher, 0), 'take 1');
  });

  it('counts rows, not requests', () => {
    const batcher = batcherOf({});
    for (const rows of [3, 3, 3]) batcher.add(item('r', rows), {}, 0);
    assert.equal(next(batcher, 0), 'take 2, full');
    assert.equal(next(batcher, 0), 'take 1');
  });

  it('puts only requests of one shape together, in their order', () => {
    const batcher = batcherOf({});
    for (const shape of ['2', '2', '3', '2']) batcher.add(item('r', 1, shape), {}, 0);
    assert.equal(next(batcher, 0), 'take 2, full');
    assert.equal(next(batcher, 0), 'take 1, full');
    assert.equal(next(batcher, 0), 'take 1');
  });
});

describe('a batcher with a queue delay', () => {
  it('waits for as long as the oldest may, then takes what is there', () => {
    const batcher = batcherOf({ maxQueueDelayUs: 500 });
    add(batcher, 1, 1_000);
    add(batcher, 2, 301_000);
    assert.equal(next(batcher, 301_000), 'wait until 501000');
    assert.equal(next(batcher, 500_999), 'wait until 501000');
    assert.equal(next(batcher, 501_000), 'take 3');
  });

  it('does not wait once the batch is as large as it may be', () => {
    const batcher = batcherOf({ maxQueueDelayUs: 500 });
    add(batcher, 8);
    assert.equal(next(batcher, 0), 'take 8');
  });

  it('sends a preferred size at once', () => {
    const batcher = batcherOf({ maxQueueDelayUs: 500, preferredBatchSizes: [4, 8] });
    add(batcher, 3);
    assert.equal(next(batcher, 0), 'wait until 500000');
    add(batcher, 2);
    assert.equal(next(batcher, 0), 'take 4');
    assert.equal(next(batcher, 0), 'wait until 500000');
    assert.equal(next(batcher, 500_000), 'take 1');
  });

  it('lets what comes join a batch that waits for an instance', () => {
    const batcher = batcherOf({ maxQueueDelayUs: 500 });
    add(batcher, 1);
    assert.equal(next(batcher, 0, 3), 'take 1');
  });
});

describe('a queue policy', () => {
  const levelsOf = (policy: Partial<QueuePolicy>) => [{ ...usualQueue, ...policy }];

  it('turns away what is more than the queue holds', () => {
    const batcher = batcherOf({ levels: levelsOf({ maxQueueSize: 2 }) });
    const outcomes = ['a', 'b', 'c'].map((name) => batcher.add(item(name), {}, 0));
    assert.deepEqual(outcomes, [true, true, false]);
    assert.equal(next(batcher, 0), 'take 2');
    assert.equal(batcher.add(item('d'), {}, 0), true);
  });

  it('rejects what has waited too long, and no sooner', () => {
    const batcher = batcherOf({ maxQueueDelayUs: 900, levels: levelsOf({ defaultTimeoutUs: 100 }) });
    add(batcher, 2);
    assert.equal(next(batcher, 100_000), 'wait until 100001');
    const { kind, rejected } = batcher.next(undefined, 100_001);
    assert.deepEqual([kind, rejected.map(({ name }) => name)], ['idle', ['r0', 'r1']]);
    assert.equal(batcher.size, 0);
  });

  it('lets a request shorten its time, never lengthen it, and only where that is allowed', () => {
    for (const [allowTimeoutOverride, timeoutUs, expiresNs] of [
      [true, 40, 40_001],
      [true, 400, 100_001],
      [false, 40, 100_001],
    ] as const) {
      const batcher = batcherOf({
        maxQueueDelayUs: 900,
        levels: levelsOf({ defaultTimeoutUs: 100, allowTimeoutOverride }),
      });
      batcher.add(item('a'), { timeoutUs }, 0);
      assert.equal(next(batcher, 0), `wait until ${expiresNs}`);
    }
  });

  it('serves what was late after the others where it delays it', () => {
    const batcher = batcherOf({
      maxBatchSize: 1,
      preferredBatchSizes: [1],
      levels: levelsOf({ defaultTimeoutUs: 100, timeoutAction: 'DELAY' }),
    });
    batcher.add(item('late'), {}, 0);
    batcher.add(item('fresh'), {}, 90_000);
    const taken = [1, 2].map(() => {
      const decision = batcher.next(undefined, 150_000);
      assert(decision.kind === 'take');
      return decision.items.map(({ name }) => name);
    });
    assert.deepEqual(taken, [['fresh'], ['late']]);
  });

  it('serves the more urgent level first', () => {
    const batcher = batcherOf({
      maxBatchSize: 2,
      preferredBatchSizes: [2],
      levels: [usualQueue, usualQueue, usualQueue],
      defaultLevel: 1,
    });
    for (const [name, priority] of [
      ['low', 3],
      ['usual', 0],
      ['beyond', 9],
      ['high', 1],
    ] as const) {
      batcher.add(item(name), { priority }, 0);
    }
    const decision = batcher.next(undefined, 0);
    assert(decision.kind === 'take');
    assert.deepEqual(
      decision.items.map(({ name }) => name),
      ['high', 'usual'],
    );
  });
});
