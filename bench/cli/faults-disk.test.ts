import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { execa } from 'execa';
import { leftoversOf } from '../engines/local/leftovers.ts';
import { folderState } from '../run/folder-state.fixture.ts';
import { isLong, onlyLong } from '../testing/long.ts';
import { needsSmallDisk, type OnDisk, onSmallDisk, type Step } from '../testing/small-disk.ts';
import { projectFolder } from './host.fixture.ts';
import { RemotePlace } from './remote-place.test-suite.ts';
import { assertMessage, readLines, Workplace } from './workplace.fixture.ts';

const main = [process.execPath, join(projectFolder, 'bench', 'main.ts')];
const sweepOf = (...words: string[]): string[] => [...main, 'sweep', ...words];

/** Of the disk of a run folder: where the copy of the model, the record, the journal or the report no longer fit. */
const sizes = isLong ? [4, 8, 12, 16, 24, 32, 40, 48, 56, 64, 80, 96, 128, 160, 192, 256, 384, 512] : [48];

describe('a disk without room', { ...needsSmallDisk(), timeout: 3_600_000 }, () => {
  for (const sizeKiB of sizes) {
    it(`for a run folder on ${sizeKiB} KiB ends it with what and where; with more room it goes on, each block once`, async () => {
      using place = new Workplace();
      const plan = place.plan({ engine: 'embedded', slicesPerBlock: 2 });
      const again = [
        'sh',
        '-c',
        'test -e small/run/run.json && exec "$@" --resume small/run || exec "$@" "$0" --out small/more',
        plan,
      ];
      const { kept, ran } = await swept(place, {
        ...{ at: 'small', options: `size=${sizeKiB}k` },
        steps: [sweepOf(plan, '--out', 'small/run'), 'grow', [...again, ...main, 'sweep']],
      });
      const [first, second] = ran;
      assert(first !== undefined && second !== undefined);
      if (![0, 4].includes(first.code)) assertNoRoom(first, /^tritune: \S*.*small\/run.* ENOSPC/, [3, 6]);
      assert([0, 4].includes(second.code), second.stderr);
      const folder = join(kept, existsSync(join(kept, 'more')) ? 'more' : 'run');
      assert.equal(place.results(folder).run.complete, true);
      const complete = readLines(folder).flatMap((line) =>
        line.kind === 'block' && line.status === 'complete' ? line.block : [],
      );
      assert.deepEqual(complete, [1, 2].slice(0, complete.length));
    });
  }

  it('for temporary files is told before anything is measured, and nothing is kept', async () => {
    using place = new Workplace();
    for (const out of ['run', 'a run']) {
      const { ran } = await swept(place, {
        ...{ at: 'small', options: 'size=4k,nr_inodes=1', env: { TMPDIR: join(place.folder, 'small') } },
        steps: [sweepOf(place.plan({ engine: 'embedded' }), '--out', out)],
      });
      assertNoRoom(ran[0], /(log cannot be kept|no folder can be made) in \S+small: ENOSPC/, [3], /TMPDIR/);
      assert.equal(existsSync(join(place.folder, out)), false);
    }
  });

  it('for what must be restored on a remote server is told before anything of it is changed', async () => {
    using place = new Workplace();
    await using far = await RemotePlace.begin();
    const served = await far.served();
    const { ran } = await swept(place, {
      ...{ at: 'small', options: 'size=4k,nr_inodes=1', env: { XDG_STATE_HOME: join(place.folder, 'small') } },
      steps: [sweepOf(place.plan({ engine: { kind: 'remote', http: far.http } }), '--out', 'run')],
    });
    assertNoRoom(ran[0], /small\/tritune\/remote\S* cannot be written: ENOSPC/, [6], /XDG_STATE_HOME/);
    assert.deepEqual([await far.served(), existsSync(join(place.folder, 'run'))], [served, false]);
  });

  it('for the claim of the host is told before anything is started', async () => {
    using place = new Workplace();
    const { ran } = await swept(place, {
      ...{ at: 'small', options: 'size=4k,nr_inodes=1', env: { XDG_RUNTIME_DIR: join(place.folder, 'small') } },
      steps: [sweepOf(place.plan({ engine: 'embedded' }), '--out', 'run')],
    });
    assertNoRoom(ran[0], /small\/tritune: .*ENOSPC/, [2], /XDG_RUNTIME_DIR/);
    assert.equal(existsSync(join(place.folder, 'run')), false);
  });

  it('for the report of a run that is whole is told, and the report can be made again', onlyLong, async () => {
    using place = new Workplace();
    const whole = await place.run('sweep', place.plan({ engine: 'embedded' }), '--out', 'run');
    assert([0, 4].includes(whole.code ?? -1), whole.stderr);
    const report = [...main, 'report', 'small/run'];
    const fill = [
      'sh',
      '-c',
      'mkdir small/run && cp run/run.json run/journal.jsonl small/run && cat /dev/zero >small/full || test -s small/full',
    ];
    const { ran } = await swept(place, {
      ...{ at: 'small', options: 'size=1m' },
      steps: [fill, report, 'grow', report],
    });
    assert.equal(ran[0]?.code, 0, ran[0]?.stderr);
    assertNoRoom(ran[1], /^tritune: the report cannot be written to \S+small\/run: ENOSPC/, [6]);
    assert([0, 4].includes(ran[2]?.code ?? -1), ran[2]?.stderr);
  });
});

describe('standard output on a full disk', { skip: !existsSync('/dev/full') && 'there is no /dev/full' }, () => {
  it('is no success', async () => {
    using place = new Workplace();
    for (const words of [
      ['--version'],
      ['sweep', '--help'],
      ['sweep', '--dry-run', place.plan({ engine: 'embedded' })],
    ]) {
      const { exitCode, stderr } = await execa('sh', ['-c', '"$@" >/dev/full', 'sh', ...main, ...words], {
        ...{ cwd: place.folder, reject: false },
      });
      assert.equal(exitCode, 6, `${words.join(' ')}: ${stderr}`);
      assertMessage(stderr, /^tritune: the standard output cannot be written: .*ENOSPC/, /make room/);
    }
  });

  it('is one where its reader had enough', async () => {
    using place = new Workplace();
    const { exitCode, stderr } = await execa(
      'sh',
      ['-c', '{ "$@"; echo "code $?" >&2; } | true', 'sh', ...main, '--version'],
      {
        ...{ cwd: place.folder, reject: false },
      },
    );
    assert.deepEqual([exitCode, stderr], [0, 'code 0']);
  });
});

type OnSmall = { at: string; options: string; env?: Record<string, string>; steps: readonly Step[] };

/** Runs commands in a workplace of which one folder is a small disk; `kept` has what was on it. */
async function swept(
  place: Workplace,
  { at, options, env = {}, steps }: OnSmall,
): Promise<{ kept: string; ran: OnDisk[] }> {
  const [disk, kept, said] = [at, 'kept', 'said'].map((name) => join(place.folder, name)) as [string, string, string];
  for (const folder of [disk, kept]) mkdirSync(folder, { recursive: true });
  const given = folderState(place.given);
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  const ran = await onSmallDisk(
    {
      ...{ at: disk, options, folder: said, cwd: place.folder },
      env: { ...own, XDG_RUNTIME_DIR: place.folder, XDG_STATE_HOME: join(place.folder, 'state'), ...env },
    },
    [...steps, { copyTo: kept }],
  );
  assert.deepEqual(folderState(place.given), given);
  for (const { pid } of ran) assert.deepEqual(leftoversOf(pid), []);
  return { kept, ran };
}

function assertNoRoom(
  ran: OnDisk | undefined,
  message: RegExp,
  codes: readonly number[],
  hint = /room|[Ff]ree space/,
): void {
  assert(ran !== undefined);
  assert(codes.includes(ran.code), `${ran.code}: ${ran.stderr}`);
  assert.equal(ran.stdout, '');
  assertMessage(ran.stderr, message, hint);
}
