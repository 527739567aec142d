import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { findLocal, installedProgram } from '../engines/local/find.ts';
import { readInstallation } from '../engines/local/installation.ts';
import { choosePorts, loopback } from '../engines/local/ports.ts';
import { killGroup } from '../engines/local/process-group.ts';

export type ServerCommand = {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the models that it may serve; it loads none. */
  readonly repository: string;
};

const pollMs = 1;
const readyWithinMs = 60_000;

/**
 * How long a server takes by itself, in ms: from the start of its process until it first answers ready, asked each ms, with the
 * command line that a run gave it. Nothing is loaded, and the process is killed. @throws Error where it is not ready in a minute.
 */
export async function ownStartMs({ command, env, repository }: ServerCommand, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const ports = await choosePorts({});
  const changed: Readonly<Record<string, string | number>> = {
    '--model-repository': repository,
    '--http-port': ports.http,
    '--grpc-port': ports.grpc,
    '--metrics-port': ports.metrics,
  };
  const words = command.map((word) => {
    const [name = ''] = word.split('=');
    return Object.hasOwn(changed, name) ? `${name}=${changed[name]}` : word;
  });
  const [file = '', ...args] = words;
  const startMs = performance.now();
  const child = spawn(file, args, { detached: true, stdio: 'ignore', env });
  const exited = once(child, 'exit');
  try {
    await once(child, 'spawn');
    while (!(await isReady(ports.http))) {
      signal.throwIfAborted();
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${file} ended before it was ready`);
      if (performance.now() - startMs > readyWithinMs) throw new Error(`${file} is not ready after a minute`);
      await delay(pollMs);
    }
    return performance.now() - startMs;
  } finally {
    if (child.pid !== undefined) {
      killGroup(child.pid);
      await exited;
    }
  }
}

/** What the servers of an engine need in their environment, as the engine gives it to them. */
export function environmentOf(engine: string, root: string): ServerCommand['env'] {
  if (engine !== 'local') return process.env;
  const found = findLocal({ root, env: process.env });
  const installation = readInstallation(root);
  return 'engine' in found && found.by === 'installation' && 'found' in installation
    ? installedProgram(installation.found, process.env).env
    : process.env;
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: loopback, port, path: '/v2/health/ready', agent: false }, (answer) => {
      answer.resume();
      answer.once('close', () => resolve(answer.statusCode === 200));
    });
    request.once('error', () => resolve(false));
  });
}
