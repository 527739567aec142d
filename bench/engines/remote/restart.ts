import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { Failure, messageOf } from '../../failure.ts';
import type { KServeClient } from '../../kserve/client.ts';

export type Restart = {
  /** A program and its arguments, which no shell reads. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asked whether the server is ready. */
  readonly control: KServeClient;
  /** HOST:PORT, for people. */
  readonly server: string;
  readonly clean: (text: string) => string;
  readonly signal: AbortSignal;
  /** For the command, and again for the server to be ready; 5 min where it is left out. */
  readonly timeoutMs?: number;
};

const defaultTimeoutMs = 300_000;
const pollMs = 50;
/** A server that is about to end may still answer for a moment: only so many answers in a row count. */
const answersLeast = 3;

/** Runs the user's command and waits for the server. @throws Failure (server) where either does not do it. */
export async function restartServer(restart: Restart): Promise<void> {
  const { command, env, control, server, clean, signal, timeoutMs = defaultTimeoutMs } = restart;
  const [program = '', ...words] = command;
  const {
    failed,
    all,
    timedOut,
    exitCode,
    code,
    isTerminated,
    signal: endedBy,
  } = await execa(program, words, {
    ...{ env, extendEnv: false, reject: false, all: true, stdin: 'ignore' },
    ...{ timeout: timeoutMs, cancelSignal: signal, maxBuffer: 1_000_000 },
  });
  signal.throwIfAborted();
  if (failed) {
    const how = timedOut
      ? `did not end within ${timeoutMs / 1_000} s`
      : isTerminated
        ? `was ended by ${endedBy}`
        : exitCode === undefined
          ? `could not be run (${code ?? 'no reason given'})`
          : `ended with exit code ${exitCode}`;
    const said = clean(all ?? '')
      .trimEnd()
      .split('\n')
      .slice(-10)
      .join('\n');
    throw new Failure('server', 'restart', `engine.restartCommand ${how}: ${program}`, {
      hint: said === '' ? 'run it by hand and see' : `what it said last:\n${said}`,
    });
  }
  await untilReady(control, { server, signal, timeoutMs });
}

/** Waits until the server says that it is ready. @throws Failure (server) where it does not in time. */
export async function untilReady(
  control: KServeClient,
  { server, signal, timeoutMs }: { server: string; signal: AbortSignal; timeoutMs: number },
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  for (let answers = 0; answers < answersLeast; ) {
    signal.throwIfAborted();
    answers = (await control.serverReady()) ? answers + 1 : 0;
    if (performance.now() > deadlineMs)
      throw new Failure('server', 'server-not-ready', `${server} is not ready after ${timeoutMs / 1_000} s`, {
        hint: 'its own log says why',
      });
    await wait(signal);
  }
}

async function wait(signal: AbortSignal): Promise<void> {
  try {
    await delay(pollMs, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : new Error(messageOf(error));
  }
}
