import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Load, LoadChange } from '../plan/plan.ts';
import { claimedRun } from './after.fixture.ts';
import { loadFor } from './after-loads.ts';
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

describe('what follows a claim about a load', () => {
  const configText = record.configs.baseline ?? '';
  const partsOf = (load: LoadChange, config = configText) => {
    const variants = [{ id: 'fast', settings: {}, load }, ...record.plan.variants.slice(1)];
    const own = { ...record, plan: { ...record.plan, variants }, configs: { ...record.configs, fast: config } };
    const inWords = ({ pacing, batchSize, transport }: Load): string =>
      `${'concurrency' in pacing ? pacing.concurrency : 'open'} ${batchSize} ${transport}`;
    return planAfter(own, decision, means).parts.map(({ part, loads, variantIds }) => [
      part,
      ...loads.map((each) => `${variantIds.map((id) => inWords(loadFor(each, id))).join(', ')}; ${each.threads}`),
    ]);
  };

  it('starts from the load of each variant, and has no open loop where what is outstanding is all that differs', () => {
    assert.deepEqual(partsOf({ concurrency: 16 }), [
      ['soak', '8 1 http, 16 1 http; 1'],
      ['range', '4 1 http, 8 1 http; 1', '16 1 http, 32 1 http; 1', '32 1 http, 64 1 http; 1'],
      ['client', '8 1 grpc, 16 1 grpc, 8 1 grpc; 1', '8 1 http, 16 1 http, 8 1 http; 2'],
    ]);
    assert.equal(partsOf({ concurrency: 16 }, 'another')[1]?.at(-1), 'open 1 http, open 1 http; 1');
  });

  it('halves and doubles only what both can have', () => {
    assert.deepEqual(partsOf({ concurrency: 1 })[1], ['range', '16 1 http, 2 1 http; 1', '32 1 http, 4 1 http; 1']);
    assert.deepEqual(partsOf({ concurrency: 4096 })[1], ['range', '4 1 http, 2048 1 http; 1']);
    assert.deepEqual(partsOf({ concurrency: 1 })[2]?.length, 2);
  });

  it('does not ask for the other protocol where protocols are compared', () => {
    const parts = partsOf({ protocol: 'grpc' });
    assert.equal(parts[1]?.at(-1), 'open 1 http, open 1 grpc; 1');
    assert.deepEqual(parts[2], ['client', '8 1 http, 8 1 grpc, 8 1 http; 2']);
  });

  it('offers as many inferences in an open loop, whatever a request holds of them', () => {
    const variants = [{ id: 'fast', settings: {}, load: { batchSize: 4 } }, ...record.plan.variants.slice(1)];
    const own = { ...record, plan: { ...record.plan, variants } };
    const open = planAfter(own, decision, means).parts[1]?.loads.at(-1);
    assert(open !== undefined);
    const [one = 0, four = 0] = ['baseline', 'fast'].map((id) => {
      const { pacing } = loadFor(open, id);
      return 'requestsPerSecond' in pacing ? pacing.requestsPerSecond : 0;
    });
    assert(one > 1_000 && Math.abs(one / four - 4) < 0.05);
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
