import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

/**
 * Runs all tests, or those of the files named on the command line: first those that neither measure nor need the processors for
 * themselves, as many files at once as there are processors, then the others one by one. Ends with one line that counts both.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Whatever sends load, waits for an instant, or starts servers that do. */
const alone = [
  'bench/{benchmarks,engines,run,testing}/**/*',
  'bench/cli/{faults,load,noise,serve,infer,doctor-client}*',
  'bench/cli/sweep{,-!(refusals)}',
  'bench/load/*',
  'bench/load/{conventional,levels,null-server,open-loop,threads}/**/*',
].flatMap((pattern) => globSync(`${pattern}.test.ts`, { cwd: root }));

const named = process.argv.slice(2);
const all = named.length > 0 ? named : globSync('bench/**/*.test.ts', { cwd: root });
const isAlone = new Set(alone);
const groups = [
  { files: all.filter((file) => !isAlone.has(file)), concurrency: availableParallelism() },
  { files: all.filter((file) => isAlone.has(file)), concurrency: 1 },
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
