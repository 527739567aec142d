import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { listRecords, type RestoreRecord } from '../engines/remote/restore-record.ts';
import { blockOrder, blockSeed } from '../plan/blocks.ts';
import { type Random, seededRandom } from '../random.ts';
import type { Results } from '../report/results.ts';
import { folderState } from '../run/folder-state.fixture.ts';
import type { JournalLine } from '../run/journal.ts';
import { assertMessage, type Command, readLines, variants, Workplace } from './workplace.fixture.ts';

/** What serves the sweeps that are ended, and what must be as before afterwards. */
export type Served = AsyncDisposable & {
  /** As the plan names it. */
  readonly engine: unknown;
  /** Fails where the server is not what it was; of an engine whose server ends with the run there is nothing to say. */
  readonly unchanged: () => Promise<void>;
};

export type KilledEngine = {
  readonly name: string;
  readonly skip?: string;
  readonly begin: () => Promise<Served>;
  /** Of the servers that a process has started: processes, shared memory, containers. */
  readonly leftovers: (pid: number) => readonly string[];
};

const isLong = process.env.TRITUNE_LONG === '1';
const killCount = isLong ? 30 : 1;
const signals = ['SIGKILL', 'SIGINT', 'SIGTERM'] as const;
const codes = { SIGKILL: 137, SIGINT: 130, SIGTERM: 143 } as const;
const seed = 7;
const blocks = isLong ? 3 : 2;
const ids = ['baseline', 'count-2', 'delay-100us'];
/** About as long as a command takes here from its start, and from its first block, to its end. */
const spanMs = { start: 5_000, block: 3_000 };

/** Ends sweeps at random moments by random signals and goes on with them; in the end each slice must count once. */
export function describeKilled({ name, begin, leftovers, ...options }: KilledEngine): void {
  const times = killCount === 1 ? 'once' : `${killCount} times`;
  it(`on the ${name} engine ${times}: each slice counts once, nothing is left, and all that was given is as before`, {
    timeout: 60_000 * (killCount + 2),
    ...options,
  }, async () => {
    await using served = await begin();
    using place = new Workplace();
    const random = seededRandom(name.length + killCount);
    const load = { concurrency: 2, input: 'rows.csv' };
    const plan = place.plan({
      ...{ engine: served.engine, blocks, seed, load },
      variants: [variants.count2, variants.shortDelay],
    });
    const given = folderState(place.given);
    let run = new KilledRun(place, plan);
    for (let kill = 0; kill < killCount; kill += 1) {
      const command = place.start(...run.words);
      await momentIn(command, random);
      const signal = signals[(kill + Math.floor(random.next() * 2)) % signals.length] ?? 'SIGKILL';
      const { code, stderr, tookMs } = await command.end(signal);
      const told = `${signal}, kill ${kill}: ${stderr}`;
      assert([codes[signal], 0, 4].includes(code ?? -1), `${code} by ${told}`);
      assert.doesNotMatch(stderr, /this is a bug|^\s+at .*:\d+:\d+\)?$/m, told);
      // 5 s are promised for Ctrl-C; a busy host may add as much.
      assert(tookMs < 10_000, `${tookMs} ms after ${told}`);
      // A signal may come before it is listened to.
      if (code === codes[signal] && signal !== 'SIGKILL' && stderr.includes('tritune: '))
        assertMessage(stderr, /^tritune: (interrupted|ended from outside)$/);
      await untilNone(() => leftovers(command.pid));
      assert.deepEqual(folderState(place.given), given, told);
      if (signal !== 'SIGKILL' && code === codes[signal]) {
        // What a killed run left stays on record where this one was ended before it could put it back.
        const left = recordsOf(place);
        assert(
          left.every(({ holder }) => holder.pid !== command.pid),
          told,
        );
        if (left.length === 0) await served.unchanged();
      }
      run = run.after();
    }
    const { code, stderr, pid } = await place.run(...run.words);
    assert([0, 4].includes(code ?? -1), stderr);
    assert.deepEqual([leftovers(pid), recordsOf(place)], [[], []]);
    await served.unchanged();
    run.assertCountedOnce();
    const before = readFileSync(join(run.folder, 'results.json'));
    const reported = await place.run('report', run.folder);
    assert([0, 4].includes(reported.code ?? -1), reported.stderr);
    assert.deepEqual(readFileSync(join(run.folder, 'results.json')), before);
    run.assertTidy();
  });
}

/** Some from when it was started, as many from when it measures. */
async function momentIn(command: Command, random: Random): Promise<void> {
  const [fromBlock, share] = [random.next() < 0.5, random.next()];
  if (fromBlock) {
    while (!/block \d/.test(command.stderr) && command.child.exitCode === null) await delay(5);
  }
  await Promise.race([delay(share * (fromBlock ? spanMs.block : spanMs.start)), command.ended]);
}

/** Of remote servers on which something is still to be put back. */
function recordsOf({ folder }: Workplace): RestoreRecord[] {
  return listRecords(join(folder, 'state', 'tritune')).map(({ record }) => {
    assert(!(record instanceof Error));
    return record;
  });
}

async function untilNone(leftovers: () => readonly string[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (leftovers().length > 0 && performance.now() < deadline) await delay(20);
  assert.deepEqual(leftovers(), []);
}

/** One run as it is gone on with, or begun anew where there is nothing to go on with, or nothing more to do. */
class KilledRun {
  readonly folder: string;
  readonly words: readonly string[];
  readonly #place: Workplace;
  readonly #plan: string;
  readonly #count: number;
  readonly #kept: readonly JournalLine[];

  constructor(
    place: Workplace,
    plan: string,
    resumed: { count: number; kept?: readonly JournalLine[] } = { count: 0 },
  ) {
    const { count, kept } = resumed;
    this.#place = place;
    this.#plan = plan;
    this.#count = count;
    this.#kept = kept ?? [];
    this.folder = join(place.folder, `run-${count}`);
    this.words = kept === undefined ? ['sweep', plan, '--out', this.folder] : ['sweep', '--resume', this.folder];
  }

  /** Checks that what stood in the journal still does. */
  after(): KilledRun {
    const next = { count: this.#count + 1 };
    if (!existsSync(join(this.folder, 'run.json'))) return new KilledRun(this.#place, this.#plan, next);
    const lines = existsSync(join(this.folder, 'journal.jsonl')) ? readLines(this.folder) : [];
    assert.deepEqual(lines.slice(0, this.#kept.length), this.#kept);
    if (lines.some(({ kind }) => kind === 'end')) return new KilledRun(this.#place, this.#plan, next);
    return new KilledRun(this.#place, this.#plan, { count: this.#count, kept: lines });
  }

  assertCountedOnce(): void {
    const lines = readLines(this.folder);
    const complete = lines.flatMap((line) => (line.kind === 'block' && line.status === 'complete' ? [line] : []));
    const results: Results = JSON.parse(readFileSync(join(this.folder, 'results.json'), 'utf8'));
    const end = lines.find((line) => line.kind === 'end');
    const numbers = complete.map(({ block }) => block);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
    );
    assert(numbers.length === blocks || end?.reason === 'unstable', JSON.stringify(end));
    assert.deepEqual([results.run.complete, results.blocks.map(({ block }) => block)], [true, numbers]);
    const requests = new Map<string, number>();
    for (const { block, attempt } of complete) {
      const slices = lines.flatMap((line) =>
        line.kind === 'slice' && line.slice.block === block && line.slice.attempt === attempt ? [line] : [],
      );
      const orders = slices.map(({ slice }) => slice.order);
      assert.deepEqual(
        orders,
        [...new Set(orders)].toSorted((a, b) => a - b),
      );
      if (!lines.some(({ kind }) => kind === 'unstable')) {
        const planned = blockOrder(ids, 1, seededRandom(blockSeed(seed, block))).map(({ variantId }) => variantId);
        // Invalid slices are repeated after these.
        assert.deepEqual(slices.map(({ slice }) => slice.variantId).slice(0, planned.length), planned);
      }
      for (const line of slices) {
        if (line.status !== 'measured' || line.measurement.invalid.length > 0) continue;
        const { variantId } = line.slice;
        requests.set(variantId, (requests.get(variantId) ?? 0) + line.measurement.requestCount);
      }
    }
    // The histograms of the report hold every request that counts.
    for (const [id, count] of requests) {
      const text = readFileSync(join(this.folder, 'histograms', `${id}.hgrm`), 'utf8');
      assert.equal(Number(/Total count\s*=\s*(\d+)/.exec(text)?.[1]), count, id);
    }
  }

  /** No file that was being written, no lock, no copy of the model. */
  assertTidy(): void {
    const known =
      /^(run\.json|journal\.jsonl|results\.(json|csv)|index\.html|summary\.md|histograms|(winner|rehearsal)\.config\.pbtxt)$/;
    assert.deepEqual(
      readdirSync(this.folder).filter((name) => !known.test(name)),
      [],
    );
  }
}
