import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Results } from '../report/results.ts';
import type { ServerLine, SliceResult } from '../run/journal.ts';
import { onlyLong } from '../testing/long.ts';
import { requires } from '../testing/requires.ts';
import { readLines, variants, Workplace } from './workplace.fixture.ts';

const threads16 = { id: 'threads-16', serverFlags: { 'http-thread-count': 16 } };
const both16 = { id: 'both-16', settings: { ...variants.count2.settings, 'server.http-thread-count': 16 } };

type Swept = { results: Results; servers: ServerLine[]; slices: SliceResult[] };

/** A short sweep of one block; on a busy host its data may not be trusted (4), but it is whole all the same. */
async function sweeping(changes: Readonly<Record<string, unknown>>, check: (swept: Swept) => void): Promise<void> {
  using place = new Workplace().slowed();
  const plan = place.plan({ blocks: 1, slicesPerBlock: 1, ...changes });
  const { code, stderr } = await place.runHere('sweep', plan, '--out', 'run');
  assert([0, 4].includes(code ?? -1), stderr);
  const folder = join(place.folder, 'run');
  const text = readFileSync(join(folder, 'results.json'), 'utf8');
  assert.equal((await place.runHere('report', folder)).code, code);
  assert.equal(readFileSync(join(folder, 'results.json'), 'utf8'), text);
  const lines = readLines(folder);
  check({
    results: place.results(folder),
    servers: lines.filter((line) => line.kind === 'server'),
    slices: lines.filter((line) => line.kind === 'slice'),
  });
}

/** Process ids of the servers of the slices, one after the other. */
function pidsOf(slices: readonly SliceResult[]): (number | null)[] {
  return slices.map((line) => (line.status === 'measured' ? line.measurement.engine.pid : null));
}

function idsOf(slices: readonly SliceResult[]): string[] {
  return [...new Set(slices.map(({ slice }) => slice.variantId))].sort();
}

for (const [engine, needs, again] of [
  ['embedded', {}, {}],
  ['local', requires('triton'), onlyLong],
] as const) {
  describe(`a sweep on the ${engine} engine`, needs, () => {
    it('by colocate measures all variants on one server, each as a model of its own', async () => {
      await sweeping({ engine, apply: 'colocate', blocks: 2 }, ({ results, servers, slices }) => {
        assert.deepEqual(
          [results.plan.apply, results.run.applied.way, results.run.applied.because],
          ['colocate', 'colocate', 'asked'],
        );
        assert.deepEqual(
          results.variants.map(({ proof }) => proof),
          [[], [{ path: 'instance_group.count', status: 'verified' }]],
        );
        assert(slices.every(({ slice }) => slice.applied === 'colocate'));
        assert.deepEqual(
          servers.map(({ block }) => block),
          [1, 2],
        );
        for (const { block, pid } of servers) {
          const ofBlock = slices.filter(({ slice }) => slice.block === block);
          assert.deepEqual([idsOf(ofBlock), new Set(pidsOf(ofBlock))], [['baseline', 'count-2'], new Set([pid])]);
        }
      });
    });

    it('by restart starts a server for each slice', again, async () => {
      await sweeping({ engine, apply: 'restart', slicesPerBlock: 2 }, ({ results, servers, slices }) => {
        assert.deepEqual([results.run.applied.way, results.run.applied.because], ['restart', 'asked']);
        assert(
          slices.length >= 4 &&
            slices.every(({ slice, status }) => slice.applied === 'restart' && status === 'measured'),
        );
        assert.equal(new Set(pidsOf(slices)).size, slices.length);
        assert.deepEqual(
          servers.map(({ pid }) => pid),
          pidsOf(slices),
        );
      });
    });

    it('by auto says which way was taken, from what loads were seen to cost', again, async () => {
      await sweeping({ engine, slicesPerBlock: 2 }, ({ results, slices }) => {
        const { way, because, loadRatio, neededBytes, freeBytes } = results.run.applied;
        assert(loadRatio !== null && neededBytes !== null && freeBytes !== null);
        assert(neededBytes > 2 ** 25 && neededBytes < freeBytes);
        assert.deepEqual([way, because], loadRatio > 0.2 ? ['colocate', 'load-cost'] : ['reload', 'cheap-load']);
        assert(slices.every(({ slice }) => slice.applied === way));
      });
    });
  });
}

describe('a sweep of flags of the server', () => {
  it(
    'starts one Triton for each set of flags in a block, where the variants that share it are interleaved',
    requires('triton'),
    async () => {
      await sweeping(
        {
          engine: 'local',
          slicesPerBlock: 2,
          variants: [variants.count2, threads16, both16],
        },
        ({ results, servers, slices }) => {
          assert.deepEqual([results.run.applied.way, results.run.applied.because], ['reload', 'flags']);
          const sets = servers.map(({ pid, command }) => ({
            flagged: command.includes('--http-thread-count=16'),
            ids: idsOf(slices.filter((_, index) => pidsOf(slices)[index] === pid)),
          }));
          assert.deepEqual(
            sets.toSorted((a, b) => Number(a.flagged) - Number(b.flagged)),
            [
              { flagged: false, ids: ['baseline', 'count-2'] },
              { flagged: true, ids: ['both-16', 'threads-16'] },
            ],
          );
          assert.deepEqual(
            results.variants.map(({ id, serverFlags, proof }) => [id, serverFlags, proof.map(({ status }) => status)]),
            [
              ['baseline', [], []],
              ['count-2', [], ['verified']],
              ['threads-16', ['--http-thread-count=16'], ['accepted, effect unknown']],
              ['both-16', ['--http-thread-count=16'], ['verified', 'accepted, effect unknown']],
            ],
          );
          assert(!results.engine.command.includes('--http-thread-count=16'));
        },
      );
    },
  );

  it('lists those that the embedded server does not know or makes nothing of as refused', async () => {
    const unknown = { id: 'unknown', serverFlags: { 'http-thread-cuont': 16 } };
    await sweeping({ engine: 'embedded', variants: [variants.count2, threads16, unknown] }, ({ results }) => {
      assert.deepEqual(
        results.variants.map(({ id, status }) => [id, status === 'refused']),
        [
          ['baseline', false],
          ['count-2', false],
          ['threads-16', true],
          ['unknown', true],
        ],
      );
      const reasons = results.variants.map(({ reason }) => reason);
      assert.equal(reasons[2], 'this server makes nothing of --http-thread-count');
      assert.match(reasons[3] ?? '', /does not start with these flags: error: there is no flag --http-thread-cuont/);
    });
  });
});
