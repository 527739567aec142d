import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { leftoversOf } from '../engines/local/leftovers.ts';
import { blockOrder, blockSeed } from '../plan/blocks.ts';
import { seededRandom } from '../random.ts';
import { folderState } from '../run/folder-state.fixture.ts';
import { requires } from '../testing/requires.ts';
import { assertMessage, measuring, readLines, untilGone, variants, Workplace } from './workplace.fixture.ts';

describe('a sweep that is interrupted', requires('triton'), () => {
  it('while it prepares leaves nothing and exits with 130', async () => {
    using place = new Workplace().slowed();
    const command = place.start('sweep', place.plan());
    await command.said(/looking at baseline/);
    const { code, stdout, stderr, tookMs } = await command.end('SIGINT');
    assert.deepEqual([code, stdout], [130, '']);
    assertMessage(stderr, /^tritune: interrupted$/, /^ {2}nothing was measured yet, and nothing is kept$/m);
    assert(tookMs < 5_000);
    assert.equal(existsSync(place.reports), false);
    assert.deepEqual(leftoversOf(command.pid), []);
  });

  it('in its first block says that there is no verdict yet, and how to go on', async () => {
    using place = new Workplace().slowed();
    const command = place.start('sweep', place.plan());
    await command.said(/block 1\/2/);
    const { code, stderr, tookMs } = await command.end('SIGTERM');
    assert.equal(code, 143);
    assertMessage(
      stderr,
      /^tritune: ended from outside$/,
      /no block was complete.*\n.*tritune sweep --resume \S+-small\n$/,
    );
    assert(tookMs < 5_000);
    assert.deepEqual(leftoversOf(command.pid), []);
  });

  it('after a block leaves a report of it that says that it is partial, and goes on where it was', () =>
    measuring(async (place) => {
      place.slowed();
      const plan = place.plan({ blocks: 3 });
      const before = folderState(place.given);
      const command = place.start('sweep', plan, '--out', 'run');
      await command.said(/block 2\/\d/);
      const { code, stdout, stderr, tookMs } = await command.end('SIGINT');
      assert.deepEqual([code, stdout], [130, '']);
      assertMessage(
        stderr,
        /^tritune: interrupted$/,
        /the report of the complete block is \S+run\/index\.html\n.*--resume/,
      );
      assert(tookMs < 5_000);
      assert.deepEqual(leftoversOf(command.pid), []);
      assert.deepEqual(folderState(place.given), before);
      const folder = join(place.folder, 'run');
      assert.equal(existsSync(join(folder, 'repository')), false);
      const partial = place.results(folder);
      assert.deepEqual(
        [partial.run.complete, partial.verdict.kind, partial.verdict.blocks],
        [false, 'INCONCLUSIVE', 1],
      );
      assert.match(readFileSync(join(folder, 'summary.md'), 'utf8'), /interrupted after 1 of \d+ blocks/);
      assert.equal(partial.run.blocksPlanned > 1, true);
    }));

  it('twice while it measures ends at once and leaves no server', async () => {
    using place = new Workplace().slowed();
    const command = place.start('sweep', place.plan());
    await command.said(/block 1\/2/);
    await command.serverPid();
    command.child.kill('SIGINT');
    await Promise.race([delay(600), command.ended]);
    const { code, tookMs } = await command.end('SIGINT');
    assert.equal(code, 130);
    // 1 s is promised; a busy host may add to it.
    assert(tookMs < 3_000);
    await untilGone(command.pid);
  });
});

describe('a sweep whose server is killed', requires('triton'), () => {
  it('in the middle of a slice says so, keeps the complete block and exits with 3', () =>
    measuring(async (place) => {
      place.slowed();
      const command = place.start('sweep', place.plan());
      await command.said(/block 2\/2/);
      await delay(300);
      process.kill(await command.serverPid(), 'SIGKILL');
      const { code, stdout, stderr } = await command.ended;
      assert.deepEqual([code, stdout], [3, '']);
      assertMessage(
        stderr,
        /^tritune: tritonserver ended by itself \(signal SIGKILL\)$/,
        /the report of the complete block is/,
      );
      assert.deepEqual(leftoversOf(command.pid), []);
      const { run, verdict } = place.results();
      assert.deepEqual([run.complete, verdict.blocks], [false, 1]);
    }));
});

describe('a sweep that is killed itself', requires('triton'), () => {
  it('is gone with its server, and goes on as if nothing had been: same orders, its torn block measured again', () =>
    measuring(async (place) => {
      place.slowed();
      const ids = ['baseline', 'count-2', 'delay-9ms'];
      const plan = place.plan({
        blocks: 3,
        seed: 7,
        variants: [variants.count2, variants.longDelay],
      });
      const command = place.start('sweep', plan);
      await command.said(/block 2\/3/);
      const folder = place.runFolder();
      while (!readLines(folder).some((line) => line.kind === 'slice' && line.slice.block === 2)) await delay(5);
      assert.equal((await command.end('SIGKILL')).code, 137);
      await untilGone(command.pid);
      // What a kill can leave, whether it did or not: a line that was being written.
      writeFileSync(join(folder, 'journal.jsonl'), '{"kind":"slice","sl', { flag: 'a' });
      const kept = readLines(folder);
      const resumed = await place.runHere('sweep', '--resume', folder);
      assert.equal(resumed.code, 0, resumed.stderr);
      const lines = readLines(folder);
      assert.deepEqual(lines.slice(0, kept.length), kept);
      assert.equal(lines[kept.length]?.kind, 'resumed');
      const { at: _, ...superseded } = lines[kept.length + 1] as { at: string };
      assert.deepEqual(superseded, { kind: 'block', block: 2, attempt: 1, status: 'superseded' });
      for (const [block, attempt] of [
        [1, 1],
        [2, 2],
        [3, 1],
      ] as const) {
        const planned = blockOrder(ids, 1, seededRandom(blockSeed(7, block))).map(({ variantId }) => variantId);
        const measured = lines.flatMap((line) =>
          line.kind === 'slice' && line.slice.block === block && line.slice.attempt === attempt ? [line.slice] : [],
        );
        // Invalid slices are repeated after these.
        assert.deepEqual(
          measured.slice(0, planned.length).map(({ variantId }) => variantId),
          planned,
        );
        assert.deepEqual(
          measured.map(({ order }) => order),
          [...measured.keys()],
        );
      }
      const { run, verdict, blocks } = place.results(folder);
      assert.deepEqual([run.complete, verdict.blocks, blocks.map(({ block }) => block)], [true, 3, [1, 2, 3]]);
      assert.equal(existsSync(join(folder, 'repository')), false);
    }));

  it('does not go on with another model, other rows or another configuration', () =>
    measuring(async (place) => {
      place.slowed();
      const first = await place.runHere('sweep', place.plan({ blocks: 1 }), '--out', 'run');
      assert.equal(first.code, 0, first.stderr);
      const journal = join(place.folder, 'run', 'journal.jsonl');
      writeFileSync(journal, readFileSync(journal, 'utf8').replace(/\{"kind":"end".*\n/, ''));
      place.editConfig('max_batch_size: 64', 'max_batch_size: 32');
      writeFileSync(join(place.given, 'rows.csv'), '1,2,3,4\n');
      writeFileSync(join(place.model, '1', 'more'), '');
      const { code, stderr } = await place.runHere('sweep', '--resume', 'run');
      assert.equal(code, 6);
      assertMessage(
        stderr,
        /changed since the run of \S+ was begun: the configuration of baseline, the configuration of count-2, the model files, the rows in \S+rows\.csv$/,
        /cannot be mixed: undo the change, or start a new sweep/,
      );
      assert.equal(readdirSync(join(place.folder, 'run')).includes('results.json'), true);
    }));
});
