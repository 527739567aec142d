import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Results } from '../report/results.ts';
import { mergeFindings } from './finding.ts';
import type { JournalLine } from './journal.ts';
import { syntheticRun } from './run.fixture.ts';
import type { Measurement } from './slice.ts';
import { summarise } from './summarise.ts';

const arms = [
  { id: 'baseline', ratio: 1 },
  { id: 'a', ratio: 1 },
  { id: 'b', ratio: 1 },
];
const { record, lines } = syntheticRun({ arms, blocks: 10, sd: 0.02, slicesPerBlock: 4 });

/** The diagnostics of the run with each slice's measurement changed. */
function diagnosticsOf(
  change: (measurement: Measurement, place: { block: number; id: string }) => Partial<Measurement>,
) {
  const changed = lines.map((line): JournalLine => {
    if (line.kind !== 'slice' || line.status !== 'measured') return line;
    const { block, variantId: id } = line.slice;
    return { ...line, measurement: { ...line.measurement, ...change(line.measurement, { block, id }) } };
  });
  return summarise(record, changed).diagnostics;
}

const of = (diagnostics: Results['diagnostics'], kind: string) => diagnostics.filter((each) => each.kind === kind);

describe('diagnostics', () => {
  it('have one entry for each kind, which names the variants with their values', () => {
    const [few, ...more] = of(
      diagnosticsOf(() => ({})),
      'few requests',
    );
    assert.deepEqual([few?.variantIds, more], [['baseline', 'a', 'b'], []]);
    assert.match(few?.message ?? '', /: baseline 400, a 400, b 400$/);
  });

  it('name eight of many', () => {
    const finding = { kind: 'x', what: 'what', advice: 'do' };
    const many = Array.from({ length: 11 }, (_, index) => ({
      ...finding,
      variantId: `v${index}`,
      value: String(index),
    }));
    const [merged] = mergeFindings(many);
    assert.equal(merged?.variantIds.length, 11);
    assert.equal(merged?.message, 'what: v0 0, v1 1, v2 2, v3 3, v4 4, v5 5, v6 6, v7 7, 3 more');
    assert.deepEqual(mergeFindings([{ ...finding, variantId: null, value: '' }]), [
      { kind: 'x', variantIds: [], message: 'what', advice: 'do' },
    ]);
  });

  it('tell slices that were measured again since requests failed in them', () => {
    const found = diagnosticsOf((_, { block, id }) => (id === 'a' && block < 3 ? { errors: { timeout: 2 } } : {}));
    assert.deepEqual(of(found, 'failed requests')[0]?.variantIds, ['a']);
    assert.match(of(found, 'failed requests')[0]?.message ?? '', /: 8 of 40$/);
    assert.deepEqual(
      of(
        diagnosticsOf(() => ({})),
        'failed requests',
      ),
      [],
    );
  });

  it('tell a host that slows down, and not one that is a little restless', () => {
    const slowing = diagnosticsOf((_, { block }) => ({
      hostProbe: { iterationsPerUs: 500 * 0.98 ** block * (1 + (block % 2) * 0.001) },
    }));
    assert.match(of(slowing, 'throttling')[0]?.message ?? '', /by the end: 17 %$/);
    const restless = diagnosticsOf((_, { block }) => ({ hostProbe: { iterationsPerUs: 500 - (block % 2) * 20 } }));
    assert.deepEqual(of(restless, 'throttling'), []);
    const faster = diagnosticsOf((_, { block }) => ({
      hostProbe: { iterationsPerUs: 500 * 1.02 ** block * (1 + (block % 2) * 0.001) },
    }));
    assert.deepEqual(of(faster, 'throttling'), []);
    const unknown = diagnosticsOf(() => ({ hostProbe: { iterationsPerUs: 0 } }));
    assert.deepEqual(of(unknown, 'throttling'), []);
  });

  it('tell a client that is near its limit', () => {
    const busy = diagnosticsOf(({ client }, { id }) => ({
      client: { ...client, eventLoopUtilization: id === 'a' ? 0.8 : 0.6 },
    }));
    assert.deepEqual([of(busy, 'busy client')[0]?.variantIds, of(busy, 'client limit')], [['a'], []]);
    assert.match(of(busy, 'busy client')[0]?.message ?? '', /: 80 %$/);
  });

  it('count the slices that were left out for the client and for its pressure', () => {
    const wasted = lines.flatMap((line): JournalLine[] => {
      if (line.kind !== 'slice' || line.status !== 'measured' || line.slice.variantId !== 'b' || line.slice.block > 2)
        return [line];
      const { measurement, slice } = line;
      const client = { ...measurement.client, eventLoopUtilization: 0.99 };
      const limited = { ...measurement, client, pressureRatio: 0.9, invalid: ['the client was busy'] };
      return [{ ...line, slice: { ...slice, order: slice.order + 100 }, measurement: limited }, line];
    });
    const { diagnostics } = summarise(record, wasted);
    assert.match(of(diagnostics, 'client limit')[0]?.message ?? '', /: 8 of 48$/);
    assert.match(of(diagnostics, 'pressure')[0]?.message ?? '', /: 8 of 48$/);
    assert.deepEqual(of(diagnostics, 'busy client'), []);
  });

  it("hold rate and latency against the requests outstanding: Little's law", () => {
    assert.deepEqual(
      of(
        diagnosticsOf(() => ({})),
        "Little's law",
      ),
      [],
    );
    const lost = diagnosticsOf(({ requestsPerSecond }, { id }) =>
      id === 'a' ? { requestsPerSecond: requestsPerSecond * 0.8 } : {},
    );
    const [little] = of(lost, "Little's law");
    assert.deepEqual(little?.variantIds, ['a']);
    assert.match(little?.message ?? '', /: (79|80|81) %$/);
  });

  it('tell a variant that is noisier than the others', () => {
    let turn = 0;
    const noisy = diagnosticsOf(({ inferencesPerSecond }, { id }) => {
      turn += 1;
      return id === 'b' ? { inferencesPerSecond: inferencesPerSecond * (turn % 2 === 0 ? 1.3 : 0.75) } : {};
    });
    assert(of(noisy, 'unequal variance')[0]?.variantIds.includes('b'));
    assert.deepEqual(
      of(
        diagnosticsOf(() => ({})),
        'unequal variance',
      ),
      [],
    );
  });
});
