import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../failure.ts';

/** How a process ended, in words: "exit code 1", "signal SIGSEGV". */
export type Ending = string;

export type GroupOptions = {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where stdout and stderr go. */
  readonly logFd: number;
  /** Shared memory whose name begins so is the group's, and is removed with it. Letters, digits and dashes. */
  readonly sharedMemoryPrefix: string;
};

const sharedMemory = '/dev/shm';
const stopTimeoutMs = 10_000;

/**
 * The shell becomes the server, so the server leads the group and `pid` is the group's id. Before that it leaves a
 * watcher in a session of its own, blocked on a pipe whose other end only this process holds: a line on it is a
 * goodbye, its end means that this process was killed, and then the watcher ends the group and removes what is left.
 * The wait costs nothing while measuring. Killing is repeated because stubs may be forking just then.
 */
const launchScript = `
setsid sh -c '
  if read -r _; then exit 0; fi
  for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -s KILL -- "-$1" || break
    rm -f "${sharedMemory}/$2"*
    sleep 0.1
  done
  rm -f "${sharedMemory}/$2"*
' watch $$ "$1" <&3 3<&- >/dev/null 2>&1 &
shift
exec "$@" 3<&-
`;

/** A server with all its helpers, in a process group of its own, which does not outlive this process. */
export class ProcessGroup {
  /** Of the leader, and the id of the group. */
  readonly pid: number;
  /** Resolves when the leader has ended and been reaped. */
  readonly ended: Promise<Ending>;
  readonly #pipe: Socket;
  readonly #sharedMemoryPrefix: string;
  #clearing: Promise<void> | undefined;

  /** @throws Failure (server) where not even a shell can be started. */
  static async launch(options: GroupOptions): Promise<ProcessGroup> {
    const child = spawn('/bin/sh', ['-c', launchScript, 'sh', options.sharedMemoryPrefix, ...options.command], {
      detached: true,
      // Not the stdin: that one Node closes by itself when the leader ends, before there is a goodbye.
      stdio: ['ignore', options.logFd, options.logFd, 'pipe'],
      env: options.env,
    });
    // The watcher may be gone by the time it is told goodbye.
    const pipe = child.stdio[3] as Socket;
    pipe.on('error', () => undefined);
    const ended = new Promise<Ending>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => {
        reject(new Failure('server', 'no-shell', `cannot start a process: ${cause.message}`, { cause }));
      });
    });
    if (child.pid === undefined) throw new Error('a process that was started has no id');
    return new ProcessGroup(child.pid, { ended, pipe, sharedMemoryPrefix: options.sharedMemoryPrefix });
  }

  private constructor(pid: number, parts: { ended: Promise<Ending>; pipe: Socket; sharedMemoryPrefix: string }) {
    const { ended, pipe, sharedMemoryPrefix } = parts;
    this.pid = pid;
    this.ended = ended;
    this.#pipe = pipe;
    this.#sharedMemoryPrefix = sharedMemoryPrefix;
    // A leader that ends by itself leaves stubs behind: they go at once, before its id can be another's.
    // Where that fails, whoever stops the group learns it from the same promise.
    ended.then(() => this.clear()).catch(() => undefined);
  }

  /** SIGKILL for all of the group; resolves when none is left, its shared memory is removed and the watcher let go. */
  clear(): Promise<void> {
    this.#clearing ??= this.#clear();
    return this.#clearing;
  }

  async #clear(): Promise<void> {
    killGroup(this.pid);
    await this.ended;
    const deadline = performance.now() + stopTimeoutMs;
    while (livingMembers(this.pid).length > 0) {
      if (performance.now() > deadline) {
        const left = livingMembers(this.pid).join(', ');
        throw new Failure('server', 'stop-hangs', `processes ${left} outlive SIGKILL by ${stopTimeoutMs / 1000} s`, {
          hint: 'they hang in the kernel: look at their state in /proc',
        });
      }
      await delay(2);
    }
    removeSharedMemory(this.#sharedMemoryPrefix);
    this.#pipe.end('goodbye\n');
  }
}

/** Ids of the processes of a group that still run; one that ended but was not yet reaped does not. */
export function livingMembers(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isLivingMember(pid, group));
}

function isLivingMember(pid: number, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(processGroup) === group && state !== 'Z' && state !== 'X';
  } catch {
    // It ended between the listing and the look.
    return false;
  }
}

/** SIGKILL for every process of a group; none may be left. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function removeSharedMemory(prefix: string): void {
  for (const name of readdirSync(sharedMemory)) {
    if (name.startsWith(prefix)) rmSync(`${sharedMemory}/${name}`, { force: true });
  }
}
