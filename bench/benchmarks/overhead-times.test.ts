import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { JournalLine } from '../run/journal.ts';
import { sliceLine } from '../run/run.fixture.ts';
import type { SliceTimes } from '../run/slice-times.ts';
import { quantile, restartsMs, sliceCosts } from './overhead-times.ts';

const startMs = Date.parse('2026-01-01T00:00:00Z');
const at = (ms: number): string => new Date(startMs + ms).toISOString();
const tookMs: SliceTimes = { serverStart: 0, load: 10, readBack: 2, warmup: 100, window: 300, rest: 8 };

const made = { variantId: 'a', rate: 1_000, latenciesNs: [1e6] };

function slice(block: number, order: number, atMs: number, more: Partial<SliceTimes> = {}): JournalLine {
  const line = sliceLine({ ...made, block, order, at: at(atMs) });
  if (line.status !== 'measured') throw new Error('a slice that was made is measured');
  return { ...line, tookMs: { ...tookMs, ...more } };
}

function end(block: number, atMs: number): JournalLine {
  return { kind: 'block', block, attempt: 1, status: 'complete', at: at(atMs) };
}

const lines: readonly JournalLine[] = [
  slice(1, 0, 0, { serverStart: 500 }),
  slice(1, 1, 925),
  end(1, 1_350),
  slice(2, 0, 1_400, { serverStart: 450 }),
  end(2, 2_280),
  // Interrupted: what came after it is not known.
  slice(3, 0, 2_300),
];

it('a slice costs what lies between it and the next one, less what was to be measured', () => {
  assert.deepEqual(
    sliceCosts(lines).map(({ over, line }) => [over, line]),
    // 925 - 500 - 410, of which 10 are known; 425 - 410; 880 - 450 - 410.
    [
      [15, 5],
      [15, 5],
      [20, 10],
    ],
  );
});

it('a block in which a slice was measured again is left out, as there were pauses', () => {
  const disturbed = { ...sliceLine({ ...made, block: 1, order: 0, at: at(0), invalid: ['disturbed'] }), tookMs };
  const again = [disturbed as JournalLine, ...lines.slice(1)];
  assert.deepEqual(
    sliceCosts(again).map(({ over }) => over),
    [20],
  );
});

it('a restart lasts from the end of a block until the next server is ready', () => {
  assert.deepEqual(restartsMs(lines), [500, 20]);
});

it('slices whose journal tells no times are left out', () => {
  const old = lines.map((line) => (line.kind === 'slice' && line.status === 'measured' ? without(line) : line));
  assert.deepEqual([sliceCosts(old), restartsMs(old)], [[], []]);
});

it('a quantile is one of the values', () => {
  assert.deepEqual([quantile([3, 1, 2], 0.5), quantile([4, 1, 3, 2], 0.5), quantile([5, 1], 0.95)], [2, 2, 5]);
  assert.equal(Number.isNaN(quantile([], 0.5)), true);
});

function without({ tookMs: _, ...line }: JournalLine & { kind: 'slice'; status: 'measured' }): JournalLine {
  return line;
}
