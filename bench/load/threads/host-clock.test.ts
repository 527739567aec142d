import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePressure, parseStat, shareOf } from './host-clock.ts';

describe('what the kernel tells of the whole host', () => {
  it('is the stolen part of the time of all processors', () => {
    const text = 'cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n';
    // Guest time, the last two, is in user time already.
    assert.deepEqual(parseStat(text), { part: 80, total: 360 });
  });

  it('is the time in which some process waited for a processor', () => {
    const text =
      'some avg10=4.21 avg60=2.33 avg300=7.81 total=3452874886\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n';
    assert.deepEqual(parsePressure(text, 12.5), { part: 3_452_874_886, total: 12_500 });
  });

  it('is nothing where the kernel is another, or says something else', () => {
    for (const text of ['', 'cpu\n', 'cpu  1 2 3\n', 'cpu  a b c d e f g h\n', 'some\n', '\0']) {
      assert.equal(parseStat(text), null);
      assert.equal(parsePressure(text, 0), null);
    }
  });

  it('is a share of what went by between two readings', () => {
    assert.equal(shareOf({ part: 10, total: 100 }, { part: 15, total: 120 }), 0.25);
    assert.equal(shareOf({ part: 10, total: 100 }, { part: 10, total: 100 }), null);
    // Counters that step back, as they do on some hypervisors, are not shares below 0.
    assert.equal(shareOf({ part: 10, total: 100 }, { part: 9, total: 120 }), 0);
    assert.equal(shareOf(null, { part: 1, total: 2 }), null);
    assert.equal(shareOf({ part: 1, total: 2 }, undefined), null);
  });
});
