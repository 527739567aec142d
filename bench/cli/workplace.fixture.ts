import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { leftoversOf } from '../engines/local/leftovers.ts';
import type { Results } from '../report/results.ts';
import { folderState } from '../run/folder-state.fixture.ts';
import type { JournalLine } from '../run/journal.ts';
import { projectFolder } from './host.fixture.ts';

export type Ended = {
  /** As a shell tells it: 128 and the signal's number where one ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: number;
};

/**
 * A folder to run the real command in: `given/` holds a copy of the iris model and its rows, for each test to change. The
 * command runs as a process of its own, against the Triton of this project.
 */
export class Workplace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tritune-cli-'));
  readonly given = join(this.folder, 'given');
  readonly model = join(this.given, 'models', 'sklearn-onnx');
  readonly configFile = join(this.model, 'config.pbtxt');
  readonly reports = join(this.folder, 'reports');
  readonly #children: Command[] = [];

  constructor() {
    mkdirSync(this.given);
    cpSync(join(projectFolder, 'model_repository'), join(this.given, 'models'), { recursive: true });
    cpSync(join(projectFolder, 'data', 'test_data.csv'), join(this.given, 'rows.csv'));
  }

  /** Writes a small plan, JSON being YAML, and returns its path from the workplace's folder. */
  plan(changes: Readonly<Record<string, unknown>> = {}): string {
    const plan = {
      name: 'small',
      model: 'sklearn-onnx',
      modelRepository: 'models',
      load: { concurrency: 2, input: 'rows.csv' },
      blocks: 2,
      slicesPerBlock: 1,
      variants: [variants.count2],
      ...changes,
    };
    return this.file('plan.yaml', JSON.stringify(plan, null, 2));
  }

  file(name: string, text: string): string {
    writeFileSync(join(this.given, name), text);
    return join('given', name);
  }

  editConfig(from: string, to: string): void {
    const text = readFileSync(this.configFile, 'utf8');
    assert(text.includes(from));
    writeFileSync(this.configFile, text.replace(from, to));
  }

  start(...args: string[]): Command {
    const command = new Command(args, this.folder);
    this.#children.push(command);
    return command;
  }

  /** Runs a command to its end and checks what holds however it ends: it leaves no process and no shared memory, and nothing given changed. */
  async run(...args: string[]): Promise<Ended> {
    const before = folderState(this.given);
    const ended = await this.start(...args).ended;
    assert.deepEqual(leftoversOf(ended.pid), []);
    assert.deepEqual(folderState(this.given), before);
    return ended;
  }

  /** The one run folder under reports/. */
  runFolder(): string {
    const [name, ...others] = existsSync(this.reports) ? readdirSync(this.reports) : [];
    assert(name !== undefined && others.length === 0);
    return join(this.reports, name);
  }

  results(folder = this.runFolder()): Results {
    return JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
  }

  /** Whether a command had to say that this host was too busy to measure on, or a slice in a journal does. */
  get disturbed(): boolean {
    const said = this.#children.map(({ stdout, stderr }) => stdout + stderr);
    const journals = globSync('**/journal.jsonl', { cwd: this.folder }).map((file) =>
      readFileSync(join(this.folder, file), 'utf8'),
    );
    return [...said, ...journals].some((text) => /waited for a processor|outstanding were|it was the limit/.test(text));
  }

  [Symbol.dispose](): void {
    for (const { child } of this.#children)
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * Runs a test that needs valid measurements, and again, twice at most, where it failed on a host that had no processor to
 * spare: that is what the tool is to say then, and no fault of it.
 */
export async function measuring(test: (place: Workplace) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await quietHost();
    using place = new Workplace();
    try {
      return await test(place);
    } catch (error) {
      if (attempt === 3 || !place.disturbed) throw error;
    }
  }
}

/** Waits, 30 s at most, until this process gets a processor when it wants one. */
export async function quietHost(): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (waitedRatio() > 0.1 && performance.now() < deadline) await delay(500);
}

/** The share of 100 ms of computing that was spent waiting for a processor; 0 where the kernel does not tell. */
function waitedRatio(): number {
  const waitedNs = (): number => {
    try {
      return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1]);
    } catch {
      return 0;
    }
  };
  const [startMs, beforeNs] = [performance.now(), waitedNs()];
  while (performance.now() - startMs < 100);
  return (waitedNs() - beforeNs) / ((performance.now() - startMs) * 1e6);
}

export const variants = {
  count2: { id: 'count-2', settings: { 'instance_group.count': 2 } },
  noDelay: { id: 'no-delay', settings: { 'dynamic_batching.max_queue_delay_microseconds': 0 } },
  shortDelay: { id: 'delay-100us', settings: { 'dynamic_batching.max_queue_delay_microseconds': 100 } },
  refused: { id: 'refused', settings: { backend: 'nope' } },
} as const;

/** A command that runs. */
export class Command {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], cwd: string) {
    const main = join(projectFolder, 'bench', 'main.ts');
    this.child = spawn(process.execPath, [main, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Tests that run at the same time are not to wait for one another, nor to leave anything at the user's.
      env: { ...cleanEnvironment(), XDG_RUNTIME_DIR: cwd, XDG_STATE_HOME: join(cwd, 'state') },
    });
    this.pid = this.child.pid ?? 0;
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({
      code: exitCodeOf(code, signal),
      stdout: this.stdout,
      stderr: this.stderr,
      pid: this.pid,
    }));
  }

  /** Waits until it told so on stderr; fails where it ends before. */
  async said(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) {
      assert.equal(this.child.exitCode, null, `it ended before it said ${pattern}: ${this.stderr}`);
      await delay(5);
    }
  }

  /** Sends a signal and resolves with the end and the time that it took to come. */
  async end(signal: NodeJS.Signals): Promise<Ended & { tookMs: number }> {
    const startMs = performance.now();
    this.child.kill(signal);
    const ended = await this.ended;
    return { ...ended, tookMs: performance.now() - startMs };
  }

  /** Process id of the tritonserver that it started last, waited for. */
  async serverPid(): Promise<number> {
    for (;;) {
      const found = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isServer(name, this.pid));
      if (found !== undefined) return Number(found);
      assert.equal(this.child.exitCode, null, this.stderr);
      await delay(5);
    }
  }
}

export function readLines(folder: string): JournalLine[] {
  const text = readFileSync(join(folder, 'journal.jsonl'), 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Waits until nothing is left of the servers of a process that was killed; fails after 5 s. */
export async function untilGone(pid: number): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (leftoversOf(pid).length > 0 && performance.now() < deadline) await delay(20);
  assert.deepEqual(leftoversOf(pid), []);
}

/** One message for the user: what and where in its first line, then what to do; no stack trace, no escape sequence. */
export function assertMessage(stderr: string, message: RegExp, hint?: RegExp): void {
  const told = stderr.split('\n').filter((line) => line.startsWith('tritune: '));
  assert.equal(told.length, 1, stderr);
  assert.match(told[0] ?? '', message);
  assert.doesNotMatch(stderr, /^\s+at .*:\d+:\d+\)?$|this is a bug|node:internal/m);
  assert.doesNotMatch(stderr, escapes);
  if (hint !== undefined) assert.match(stderr.slice(stderr.indexOf('tritune: ')).split('\n').slice(1).join('\n'), hint);
}

/** What never goes into a pipe. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
export const escapes = /[\u001b\r]/;

function isServer(pid: string, startedBy: number): boolean {
  try {
    const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return program.endsWith('/tritonserver') && args.some((arg) => arg.includes(`tritune-${startedBy}-`));
  } catch {
    return false;
  }
}

/** What a test runner and a terminal put there is not what a command sees on a pipe. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, FORCE_COLOR: __, NODE_OPTIONS: ___, ...env } = process.env;
  return env;
}

/** A second signal may find a process that is ending already and no longer listens. */
function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number | null {
  return signal === null ? code : 128 + constants.signals[signal];
}
