import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../failure.ts';
import type { Schedule } from './schedule.ts';
import { parseTrace, readTrace, type TraceForm } from './trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'tritune-trace-'));
after(() => rmSync(folder, { recursive: true }));

function first(schedule: Schedule, count: number): number[] {
  const times: number[] = [];
  for (const atNs of schedule) {
    if (times.length === count) break;
    times.push(atNs);
  }
  return times;
}

describe('a trace of gaps in microseconds', () => {
  it('sends each request a gap after the one before it, and begins anew at its end', () => {
    const schedule = parseTrace('100\n0\n\n250.5\r\n', 'gaps-us');
    assert.deepEqual(first(schedule, 7), [100e3, 100e3, 350_500, 450_500, 450_500, 701_000, 801_000]);
    assert.deepEqual(first(schedule, 2), [100e3, 100e3]);
  });
});

describe('a trace of times in nanoseconds', () => {
  it('is sent once, as it stands', () => {
    assert.deepEqual([...parseTrace('\uFEFF0\n5\n5\n1e9', 'times-ns')], [0, 5, 5, 1e9]);
  });
});

describe('a trace file', () => {
  it('is read', async () => {
    const file = join(folder, 'gaps');
    writeFileSync(file, '1000\n2000\n');
    assert.deepEqual(first(await readTrace(file, 'gaps-us'), 3), [1e6, 3e6, 4e6]);
  });

  const refused: [string, string, TraceForm, RegExp][] = [
    ['that is empty', '\n \n', 'gaps-us', /broken holds no numbers/],
    ['with a word', '1\ntwo\n', 'gaps-us', /broken:2: not a number of microseconds/],
    ['with a negative number', '1\n-2\n', 'gaps-us', /broken:2/],
    ['with two numbers on a line', '1 2\n', 'gaps-us', /broken:1/],
    ['with a number that is none', '1\nNaN\n', 'gaps-us', /broken:2/],
    ['with a number beyond all', `${'9'.repeat(400)}\n`, 'gaps-us', /broken:1/],
    ['in hexadecimal', '0x10\n', 'gaps-us', /broken:1/],
    ['whose gaps are too long together', '1e308\n1e308\n', 'gaps-us', /add up to more than any time/],
    ['without any gap', '0\n0\n', 'gaps-us', /no gap above 0/],
    ['whose times go back', '5\n4\n', 'times-ns', /broken:2: earlier than the line before/],
    ['of bytes', '\u0000\u0001\u00ff', 'times-ns', /broken:1: not a number of nanoseconds/],
  ];
  for (const [what, text, form, message] of refused) {
    it(`is refused: one ${what}`, async () => {
      const file = join(folder, 'broken');
      writeFileSync(file, text);
      await assert.rejects(readTrace(file, form), (error) => isUsage(error, message));
    });
  }

  it('is refused where its gaps are so small in the mean that no client could follow', () => {
    for (const text of ['1e-320\n', '0.09\n', `${'0\n'.repeat(11)}1\n`]) {
      assert.throws(
        () => parseTrace(text, 'gaps-us'),
        (error) => isUsage(error, /gaps of less than 0.1 microseconds in the mean/),
      );
    }
    assert.deepEqual(first(parseTrace(`${'0\n'.repeat(9)}1\n`, 'gaps-us'), 11).slice(-2), [1_000, 1_000]);
  });

  it('is refused where it is missing or no file', async () => {
    await assert.rejects(readTrace(join(folder, 'none'), 'gaps-us'), (error) => isUsage(error, /there is no .*none/));
    await assert.rejects(readTrace(folder, 'gaps-us'), (error) => isUsage(error, /is not a file/));
    await assert.rejects(readTrace('a\0b', 'gaps-us'), (error) => isUsage(error, /cannot be read/));
  });

  it('never does anything but be read or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.e+-\n\r \u2028x') }), (text) => {
        try {
          const times = first(parseTrace(text, 'gaps-us'), 20);
          assert(times.every((atNs, index) => atNs >= (times[index - 1] ?? 0)));
        } catch (error) {
          assert(error instanceof Failure, `${error}`);
        }
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });
});

function isUsage(error: unknown, message: RegExp): boolean {
  return error instanceof Failure && error.exitCode === 2 && message.test(error.message) && error.hint !== undefined;
}
