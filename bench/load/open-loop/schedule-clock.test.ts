import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { constantRate } from '../pacing/schedule.ts';
import { ScheduleClock } from './schedule-clock.ts';

const second = 1e9;

describe('the clock of a schedule', () => {
  it('tells all instants at which something is to be done: requests and the edges of the window, in order', () => {
    const clock = new ScheduleClock(constantRate(2), { startNs: 100, warmupNs: 0.75 * second, windowNs: 1.5 * second });
    const instants = [0, 0.5, 0.75, 1, 1.5, 2, 2.25].map((seconds) => 100 + seconds * second);
    assert.deepEqual([...clock.instants()], instants);
  });

  it('tells the edges of a window that a schedule ends before', () => {
    const clock = new ScheduleClock([0, 10], { startNs: 0, warmupNs: 20, windowNs: 5 });
    assert.deepEqual([...clock.instants()], [0, 10, 20, 25]);
  });

  it('has no request after the window, and none once it is given up', () => {
    const clock = new ScheduleClock([0, 10, 30], { startNs: 0, warmupNs: 20, windowNs: 5 });
    assert.equal(clock.nextNs, 0);
    clock.advance();
    assert.equal(clock.nextNs, 10);
    clock.advance();
    assert.equal(clock.nextNs, Number.POSITIVE_INFINITY);
    const other = new ScheduleClock(constantRate(1), { startNs: 0, warmupNs: 0, windowNs: second });
    other.giveUp();
    other.advance();
    assert.equal(other.nextNs, Number.POSITIVE_INFINITY);
  });
});
