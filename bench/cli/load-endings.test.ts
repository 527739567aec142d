import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { onlyLong } from '../testing/long.ts';
import { type ScriptedServer, startScriptedServer } from '../testing/scripted-server.ts';
import { load, parseDocument } from './load.fixture.ts';
import { Workplace } from './workplace.fixture.ts';

describe('a load that ends before its time', () => {
  it('tells what it measured until Ctrl-C, and exits with 130 within 5 s', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] }, { thread: true });
    using place = new Workplace();
    const args = [
      'load',
      '-m',
      'scripted',
      '-u',
      server.url,
      '--concurrency-range',
      '1,2',
      '-p',
      '2s',
      '--warm-up',
      '50ms',
    ];
    const command = place.start(...args);
    await command.said(/concurrency 2: /);
    const { code, stdout, stderr, tookMs } = await command.end('SIGINT');
    assert.equal(code, 130, stderr);
    assert(tookMs < 5_000, `${tookMs}`);
    assert.match(stdout, /^Concurrency: 1, throughput: \d+(\.\d+)? infer\/sec, latency \d+ usec$/m);
    assert.doesNotMatch(stdout, /Concurrency: 2/);
    assert.match(stderr, /tritune: interrupted\n$/);
  });

  it('says in JSON that it was interrupted, with nothing measured yet', async () => {
    await using server = await startScriptedServer({ steps: [{ answer: { kind: 'silent' } }] });
    const controller = new AbortController();
    const { Failure } = await import('../failure.ts');
    const args = ['-m', 'scripted', '-u', server.url, '--json', '--threads', '2', '--concurrency-range', '2'];
    const running = load(args, { signal: controller.signal });
    await asked(server, 1, running);
    controller.abort(new Failure('terminated', 'terminated', 'ended from outside'));
    const { code, stdout } = await running;
    assert.equal(code, 143);
    const { interrupted, valid, levels } = parseDocument(stdout);
    assert.deepEqual([interrupted, valid, levels], [true, false, []]);
  });
});

describe('a server that never answers', () => {
  const sent = { 'a closed loop': ['--concurrency-range', '2'], 'a rate': ['--request-rate-range', '50'] };
  for (const [what, args] of Object.entries(sent)) {
    it(`holds ${what} little longer than warm-up and window, not for the request time-out`, async () => {
      await using server = await startScriptedServer({ steps: [{ answer: { kind: 'silent' } }] }, { thread: true });
      const times = ['-p', '100ms', '--warm-up', '50ms', '--threads', '1'];
      const startMs = performance.now();
      const { code, stdout } = await load(['-m', 'scripted', '-u', server.url, ...args, ...times, '--json']);
      const tookMs = performance.now() - startMs;
      assert.equal(code, 4);
      // 5 s more than the 150 ms that it should take; the time-out is 60 s.
      assert(tookMs > 5_000 && tookMs < 30_000, `${tookMs}`);
      const [level] = parseDocument(stdout).levels;
      assert((level?.errors.timeout ?? 0) > 0, stdout);
      assert.match(level?.notes.join() ?? '', /nothing was answered for \d+\.\d s: .* needs a longer warm-up/);
    });
  }

  it('is waited for as long as a time-out says that was asked for', onlyLong, async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 6_000 }, { holdMs: 5 }], repeatFrom: 1 });
    const times = ['-p', '100ms', '--warm-up', '50ms', '--threads', '1', '--request-timeout', '30s'];
    const { stdout, stderr } = await load(['-m', 'scripted', '-u', server.url, ...times, '--json']);
    const [level] = parseDocument(stdout).levels;
    assert.deepEqual(level?.errors, {}, stderr);
    assert(level.requestCount > 0, stdout);
  });
});

describe('a server that is restarted in mid-run', () => {
  for (const [name, threads] of [
    ['one thread', '1'],
    ['two threads', '2'],
  ] as const) {
    it(`fails some requests of 64 workers in ${name}, counted by kind; the others are measured`, async () => {
      await restarted({ windowMs: 2_000, holdMs: 20, threads });
    });
  }

  it('the same for 5 minutes', onlyLong, async () => {
    await restarted({ windowMs: 300_000, holdMs: 50, threads: '2' });
  });

  it('is gone for good: the load ends by itself, with what failed', async () => {
    const server = await startScriptedServer({ steps: [{ holdMs: 5 }] }, { thread: true });
    const times = ['-p', '600ms', '--warm-up', '50ms', '--request-timeout', '500ms', '--threads', '1'];
    const running = load(['-m', 'scripted', '-u', server.url, '--concurrency-range', '8', ...times, '--json']);
    await asked(server, 16, running);
    await delay(100);
    await server.stop();
    const { code, stdout } = await running;
    assert.equal(code, 4);
    const [level] = parseDocument(stdout).levels;
    assert((level?.errors.connect ?? 0) > 0, stdout);
    assert.equal(level?.requestCount, 0);
    assert(level.invalid.includes('no request was answered rightly in the window'));
  });
});

/** Waits until a server has been sent so many requests, or the load is over. */
async function asked(server: ScriptedServer, count: number, running: Promise<unknown>): Promise<void> {
  let over = false;
  const ended = running.finally(() => {
    over = true;
  });
  while (!over && (await server.record()).requestCount < count) await Promise.race([delay(20), ended]);
}

async function restarted({
  windowMs,
  holdMs,
  threads,
}: {
  windowMs: number;
  holdMs: number;
  threads: string;
}): Promise<void> {
  const script = { steps: [{ holdMs }] };
  const first = await startScriptedServer(script, { thread: true });
  const { port } = first.address;
  const times = ['-p', `${windowMs}ms`, '--warm-up', '50ms', '--request-timeout', '5s', '--threads', threads];
  const running = load(['-m', 'scripted', '-u', first.url, '--concurrency-range', '64', ...times, '--json']);
  // Each worker has had some answers: the window is open.
  await asked(first, 8 * 64, running);
  await delay(windowMs / 20);
  await first.stop();
  await delay(100);
  let second: ScriptedServer | undefined;
  try {
    second = await startScriptedServer(script, { thread: true, port });
    const { code, stdout, stderr } = await running;
    assert.equal(code, 4, stderr);
    const [level] = parseDocument(stdout).levels;
    assert(level !== undefined);
    const { errors, requestCount, failedCount, durationMs } = level;
    const { connect = 0, reset = 0, 'keep-alive-reset': idleReset = 0, ...others } = errors;
    assert.deepEqual(others, {}, stdout);
    // One on each connection, and one on the next where the kernel still took that for a server that was closing.
    assert(reset + idleReset >= 1 && reset + idleReset <= 2 * 64, `${reset} + ${idleReset}`);
    assert(connect > 0);
    assert.equal(failedCount, connect + reset + idleReset);
    assert(level.invalid.includes(`${connect} failed: connect`));
    // Both servers answered: the second what the first could not have in its time.
    assert(requestCount > 64 && durationMs >= windowMs, stdout);
    assert((await second.record()).answeredCount > 64);
    assert((level.latencyNs.p50 ?? 0) >= holdMs * 1e6);
  } finally {
    await second?.stop();
  }
}
