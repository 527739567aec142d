import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claimedRun } from './after.fixture.ts';
import { afterOrder } from './after-order.ts';
import { type AfterMeans, longestAfterMs, planAfter, timeOf } from './after-plan.ts';
import { decideRun } from './decision.ts';
import { readHistory } from './history.ts';

const { record, lines } = claimedRun();
const decision = decideRun(record, readHistory(lines));
const means: AfterMeans = { leftMs: Number.POSITIVE_INFINITY, otherTransport: true, processors: 8 };
/** One trial of the fixture takes 2000 / 3 ms in two slices of 300 ms. */
const overheadMs = 1_000 / 3 - 300;
const sliceMs = (ms: number): number => ms + Math.max(40, overheadMs);
const rangeMs = 8 * 2 * (sliceMs(300) + sliceMs(600) + sliceMs(1_200) + sliceMs(300));
const clientMs = 8 * 3 * 2 * sliceMs(300);
const soakMs = (ms: number): number => 8 * sliceMs(ms);

describe('the plan of what follows a verdict', () => {
  it('is a soak of 30 s slices, half, twice and four times the load, an open loop, and other clients', () => {
    const { pick, parts, skipped } = planAfter(record, decision, means);
    assert.deepEqual([pick, skipped], ['fast', []]);
    const loads = parts.map(({ part, variantIds, blocks, loads: all }) => [
      part,
      variantIds.join(),
      blocks,
      ...all.map(({ load: { pacing, transport }, threads, sliceMs: ms }) =>
        [pacing.kind, 'concurrency' in pacing ? pacing.concurrency : 'open', transport, threads, ms].join(' '),
      ),
    ]);
    assert.deepEqual(loads, [
      ['soak', 'baseline,fast', 4, 'closed 8 http 1 30000'],
      [
        'range',
        'baseline,fast',
        8,
        'closed 4 http 1 300',
        'closed 16 http 1 600',
        'closed 32 http 1 1200',
        'poisson open http 1 300',
      ],
      ['client', 'baseline,fast,other', 8, 'closed 8 grpc 1 300', 'closed 8 http 2 300'],
    ]);
    assert(timeOf(parts, record.design) <= longestAfterMs(record));
  });

  it('offers 70 % of what the slower of the two serves in an open loop', () => {
    const { parts } = planAfter(record, decision, means);
    const open = parts[1]?.loads.at(-1)?.load.pacing;
    const rate = open?.kind === 'poisson' ? open.requestsPerSecond : 0;
    const served = decision.values.get('baseline')?.map(({ throughput }) => throughput) ?? [];
    const mean = served.reduce((sum, each) => sum + each, 0) / served.length;
    assert(Math.abs(rate / (0.7 * mean) - 1) < 0.005);
  });

  it('shortens the soak first, then gives up the client, then the range, then the soak', () => {
    const at = (leftMs: number) => {
      const { parts, skipped } = planAfter(record, decision, { ...means, leftMs });
      const soak = parts.find(({ part }) => part === 'soak')?.loads[0]?.sliceMs;
      return [
        parts.map(({ part }) => part).join(),
        soak,
        skipped.map(({ part, reason }) => `${part} ${reason}`).join(),
      ];
    };
    assert.deepEqual(at(soakMs(12_000) + rangeMs + clientMs + 1), ['soak,range,client', 12_000, '']);
    assert.deepEqual(at(soakMs(5_000) + rangeMs + clientMs - 1)[0], 'soak,range');
    assert.deepEqual(at(soakMs(5_000) + rangeMs + 1), ['soak,range', 5_000, 'client budget']);
    assert.deepEqual(at(soakMs(5_000) + rangeMs - 1)[0], 'soak');
    assert.deepEqual(at(soakMs(5_000) + 1), ['soak', 5_000, 'range budget,client budget']);
    assert.deepEqual(at(soakMs(5_000) - 1), ['', undefined, 'soak budget,range budget,client budget']);
    assert.deepEqual(at(-1_000)[0], '');
  });

  it('gives client and range up for the slices that the design kept time for, and shrinks those only after that', () => {
    const design = { ...record.design, reservedSoakSliceMs: 9_000 };
    const at = (leftMs: number) => {
      const { parts, skipped } = planAfter({ ...record, design }, decision, { ...means, leftMs });
      const soak = parts.find(({ part }) => part === 'soak')?.loads[0]?.sliceMs;
      return [parts.map(({ part }) => part).join(), soak, skipped.map(({ part }) => part).join()];
    };
    assert.deepEqual(at(soakMs(12_000) + rangeMs + clientMs + 1), ['soak,range,client', 12_000, '']);
    assert.deepEqual(at(soakMs(9_000) + rangeMs + clientMs - 1), ['soak,range', 11_039, 'client']);
    assert.deepEqual(at(soakMs(9_000) + rangeMs - 1)[0], 'soak');
    assert.deepEqual(at(soakMs(9_000) + 1), ['soak', 9_000, 'range,client']);
    assert.deepEqual(at(soakMs(7_000) + 1), ['soak', 7_000, 'range,client']);
    assert.deepEqual(at(soakMs(5_000) - 1), ['', undefined, 'soak,range,client']);
  });

  it('leaves out what is not wanted and what cannot be had', () => {
    const wanted = { ...record, after: { soak: false } };
    const { parts, skipped } = planAfter(wanted, decision, {
      leftMs: rangeMs + 1,
      otherTransport: false,
      processors: 2,
    });
    assert.deepEqual(
      parts.map(({ part }) => part),
      ['range'],
    );
    assert.deepEqual(skipped, [
      { part: 'soak', reason: 'asked' },
      { part: 'client', reason: 'unavailable' },
    ]);
  });

  it('has no half of one request outstanding', () => {
    const single = { ...record, plan: { ...record.plan, load: { ...record.plan.load, concurrency: 1 } } };
    const { parts } = planAfter(single, decision, means);
    const levels = parts[1]?.loads.map(({ load: { pacing } }) => ('concurrency' in pacing ? pacing.concurrency : null));
    assert.deepEqual(levels, [2, 4, null]);
  });
});

describe('the order in a block of a part', () => {
  const [soak, range] = planAfter(record, decision, means).parts;
  assert(soak !== undefined && range !== undefined);

  it('goes there and back in a soak', () => {
    const order = [1, 2, 3, 4].flatMap((block) => afterOrder(soak, block, 1).map(({ variantId }) => variantId[0]));
    assert.equal(order.join(''), 'bffbbffb');
  });

  it('takes loads in random order, the variants under each right after one another, the same whenever it is asked', () => {
    const orders = [1, 2, 3].map((block) => afterOrder(range, block, 1));
    for (const order of orders) {
      assert.deepEqual(order.map(({ round }) => round).toSorted(), [1, 1, 2, 2, 3, 3, 4, 4]);
      for (let index = 0; index < order.length; index += 2) assert.equal(order[index]?.round, order[index + 1]?.round);
    }
    assert.notDeepEqual(orders[0], orders[1]);
    assert.deepEqual(afterOrder(range, 1, 1), orders[0]);
  });
});
