import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JournalLine } from '../run/journal.ts';
import { type Command, measuring, readLines, Workplace } from './workplace.fixture.ts';

/**
 * A queue of two takes two requests, and an answer more than it has room for is an error; a delay of 60 ms is waited for whole
 * by a request that is alone.
 */
const plan = {
  engine: 'embedded',
  blocks: 1,
  objective: { capacity: { where: { 'latency.p50': '40ms' }, levels: [1, 2, 8] } },
  variants: [
    {
      id: 'short-queue',
      settings: {
        'dynamic_batching.max_queue_delay_microseconds': 5_000,
        'dynamic_batching.default_queue_policy.max_queue_size': 2,
      },
    },
    { id: 'long-delay', settings: { 'dynamic_batching.max_queue_delay_microseconds': 60_000 } },
  ],
};

test('a sweep for capacity measures each variant at its own level, and goes on where its ladder was interrupted', async () => {
  await measuring(async (place) => {
    place.slowed();
    const out = join(place.folder, 'run');
    const begun = place.start('sweep', place.plan(plan), '--out', out);
    await until(begun, () => isClimbing(out, 6));
    assert.equal((await begun.end('SIGINT')).code, 130, begun.stderr);
    assert.match(begun.stderr, /finding the levels, pass 1, slice 1\/1: baseline with 1 outstanding/);
    const before = readLines(out);
    assert.deepEqual([...new Set(before.map(({ kind }) => kind))], ['server', 'slice']);
    assert(before.every((line) => line.kind !== 'slice' || line.slice.round === 0));

    const { code, stderr, stdout } = await place.runHere('sweep', '--resume', out);
    assert.equal(code, 0, stderr);
    const lines = readLines(out);
    assert.deepEqual(lines.slice(0, before.length), before);
    assert.equal(lines.filter(({ kind }) => kind === 'levels').length, 1);
    assert.match(stderr, /levels: baseline 8, short-queue 2 outstanding/);
    assert.match(stdout, /^long-delay: over the limit, even with 1 outstanding 100 % of its requests take/m);
    const { variants, blocks } = place.results(out);
    assert.deepEqual(
      variants.map(({ id, status, capacity }) => [id, status, capacity?.level, capacity?.holds]),
      [
        ['baseline', 'measured', 8, 'shown'],
        ['short-queue', 'measured', 2, 'shown'],
        ['long-delay', 'over the limit', null, 'no'],
      ],
    );
    assert.deepEqual(Object.keys(blocks[0]?.values ?? {}).sort(), ['baseline', 'short-queue']);
    assert.deepEqual([...new Set(lines.flatMap(outstandingInBlocks))].sort(), ['baseline 8', 'short-queue 2']);

    const report = readFileSync(join(out, 'results.json'), 'utf8');
    assert.equal((await place.runHere('report', out)).code, 0);
    assert.equal(readFileSync(join(out, 'results.json'), 'utf8'), report);
  });
});

test('a dry run of a sweep for capacity says which levels there are', async () => {
  using place = new Workplace();
  const { code, stdout } = await place.runHere('sweep', place.plan(plan), '--dry-run');
  assert.equal(code, 0);
  assert.match(stdout, /^objective: capacity where latency\.p50 at most 40 ms/m);
  assert.match(stdout, /as keep the limits, one of 3 levels from 1 to 8,/);
  assert.match(stdout, /^ {2}the level of each variant: about /m);
});

async function until(command: Command, holds: () => boolean): Promise<void> {
  while (!holds()) {
    assert.equal(command.child.exitCode, null, command.stderr);
    await delay(10);
  }
}

function isClimbing(folder: string, slices: number): boolean {
  return (
    existsSync(join(folder, 'journal.jsonl')) &&
    readLines(folder).filter(({ kind }) => kind === 'slice').length >= slices
  );
}

function outstandingInBlocks(line: JournalLine): string[] {
  if (line.kind !== 'slice' || line.slice.round === 0) return [];
  const { variantId, load } = line.slice;
  return [`${variantId} ${load.pacing.kind === 'closed' ? load.pacing.concurrency : 'open'}`];
}
