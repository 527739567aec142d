import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

/**
 * Runs all tests, or those of the files named on the command line, in three groups: first those that neither measure nor need
 * the processors for themselves, as many files at once as there are processors; then those that mostly wait for an instant, two
 * at once; then the others one by one. Ends with one line that counts all.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));

/** What measures, or compares times with limits that another busy process could break. */
const measuring = [
  'bench/cli/{doctor-client,load,load-servers,noise}',
  'bench/cli/sweep{,-scripted}',
  'bench/load/{client-cost,closed-loop,open-loop,open-loop-truth}',
  'bench/load/{null-server/calibrate,open-loop/alarm,threads/client-watch,threads/run-load}',
  'bench/run/slice',
];

/** What sends a load that leaves a processor idle most of the time, to servers that hold it up or models that are slow. */
const waiting = [
  'bench/cli/{faults-*,sweep-!(refusals|scripted)}',
  'bench/cli/load-{answers,beside,endings,output,way}',
  'bench/load/{closed-loop-*,open-loop-ends,transport-contract*}',
];

const filesOf = (patterns: readonly string[]) =>
  new Set(patterns.flatMap((pattern) => globSync(`${pattern}.test.ts`, { cwd: root })));
const [areMeasuring, areWaiting] = [filesOf(measuring), filesOf(waiting)];
const named = process.argv.slice(2);
const all = named.length > 0 ? named : globSync('bench/**/*.test.ts', { cwd: root });
const groups = [
  {
    files: all.filter((file) => !areMeasuring.has(file) && !areWaiting.has(file)),
    concurrency: availableParallelism(),
  },
  { files: all.filter((file) => areWaiting.has(file)), concurrency: Math.min(2, availableParallelism()) },
  { files: all.filter((file) => areMeasuring.has(file)), concurrency: 1 },
];

const total = { passed: 0, failed: 0, skipped: 0 };
for (const { files, concurrency } of groups) {
  if (files.length === 0) continue;
  const stream = run({ files: files.toSorted(), concurrency, cwd: root });
  stream.on('test:summary', ({ file, counts }) => {
    // Each file tells its own counts as well.
    if (file !== undefined) return;
    total.passed += counts.passed;
    total.failed += counts.tests - counts.passed - counts.skipped - counts.todo;
    total.skipped += counts.skipped + counts.todo;
  });
  const text = stream.compose(new spec());
  text.pipe(process.stdout, { end: false });
  await finished(text);
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
