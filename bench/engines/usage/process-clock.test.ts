import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FakeHost } from './host.fixture.ts';
import { processClock } from './process-clock.ts';

describe('the clock of some processes', () => {
  it('adds up the time of all their threads', () => {
    using host = new FakeHost();
    host.process(10, { threads: { 10: 5_000, 11: 700 } });
    host.process(20, { threads: { 20: 30 } });
    using clock = processClock([10, 20], host.root);
    assert.deepEqual([clock?.source, clock?.readNs()], ['threads', 5_730]);
    host.thread(10, 11, 900);
    assert.equal(clock?.readNs(), 5_930);
  });

  it('sees threads that begin, and loses nothing of those that end', () => {
    using host = new FakeHost();
    host.process(10, { threads: { 10: 1_000, 11: 200 } });
    using clock = processClock([10], host.root);
    assert.equal(clock?.readNs(), 1_200);
    host.thread(10, 12, 30);
    assert.equal(clock?.readNs(), 1_230);
    host.end(10, 11);
    host.thread(10, 12, 40);
    assert.equal(clock?.readNs(), 1_240);
    // As many as before, and not the same ones.
    host.end(10, 12);
    host.thread(10, 13, 5);
    assert.equal(clock?.readNs(), 1_245);
  });

  it('counts ticks of 10 ms where threads have no clocks', () => {
    for (const threads of [{}, { 10: 0 }] as Record<number, number>[]) {
      using host = new FakeHost();
      host.process(10, { ticks: [3, 4], threads });
      host.process(20, { ticks: [10, 0], threads: {} });
      using clock = processClock([10, 20, 30], host.root);
      assert.deepEqual([clock?.source, clock?.readNs()], ['processes', 170e6]);
      host.write('proc/20/stat', '');
      host.process(10, { ticks: [3, 6], threads });
      assert.equal(clock?.readNs(), 190e6);
    }
  });

  it('counts ticks where there are more threads than can be read in no time', () => {
    using host = new FakeHost();
    const threads = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [10 + index, 1_000]));
    host.process(10, { ticks: [1, 1], threads });
    using clock = processClock([10], host.root);
    assert.deepEqual([clock?.source, clock?.readNs()], ['processes', 20e6]);
  });

  it('is none where there is nothing to read', () => {
    using host = new FakeHost();
    assert.deepEqual([processClock([], host.root), processClock([10], host.root)], [null, null]);
  });

  it('of a process that works goes on, and stands still with it', {
    skip: !existsSync('/proc/self/stat'),
  }, async () => {
    const working = spawn(process.execPath, ['-e', busyOnInput], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await once(working.stdout, 'data');
      using clock = processClock([working.pid ?? 0]);
      assert(clock !== null);
      const before = clock.readNs() ?? Number.NaN;
      working.stdin.write('work');
      const [told] = await once(working.stdout, 'data');
      const usedNs = (clock.readNs() ?? Number.NaN) - before;
      // What it says that it used, by its own clock, while it worked.
      const saidNs = Number(told) * 1e3;
      assert(usedNs > 0.9 * saidNs && usedNs < 2 * saidNs + 100e6, `${usedNs} ns against ${saidNs} ns`);
      working.kill('SIGKILL');
      await once(working, 'exit');
      assert((clock.readNs() ?? 0) - before >= usedNs);
    } finally {
      working.kill('SIGKILL');
    }
  });
});

const busyOnInput = `
  process.stdin.once('data', () => {
    const before = process.cpuUsage();
    const used = () => { const { user, system } = process.cpuUsage(before); return user + system; };
    while (used() < 300000);
    console.log(used());
  });
  console.log('ready');
`;
