#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import type { Host, Output } from './cli/host.ts';
import { keepCompiled } from './compile-cache.ts';
import { exitCodes, Failure } from './failure.ts';
import { tellLostOutput } from './lost-output.ts';
import { plainText } from './report/plain-text.ts';

/** Ctrl-C reaches this process twice when npm passes it on as well; only a later one means "at once". */
const sameSignalMs = 500;

process.exitCode = await main();

async function main(): Promise<number> {
  const projectFolder = fileURLToPath(new URL('..', import.meta.url));
  keepCompiled(projectFolder);
  const controller = new AbortController();
  listen(controller, 'SIGINT', new Failure('interrupted', 'interrupted', 'interrupted'));
  const ended = new Failure('terminated', 'terminated', 'ended from outside');
  listen(controller, 'SIGTERM', ended);
  listen(controller, 'SIGHUP', ended);
  // A reader or a terminal that went away must not end a sweep: its report is still wanted.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  tellLostOutput(process, process.stdout, process.stderr);
  const host: Host = {
    args: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    projectFolder,
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    signal: controller.signal,
  };
  try {
    const { runProgram } = await import('./cli/program.ts');
    return await runProgram(host);
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`tritune: this is a bug, please report it:\n${stack.split('\n').map(plainText).join('\n')}\n`);
    return exitCodes.bug;
  }
}

function listen(controller: AbortController, name: 'SIGINT' | 'SIGTERM' | 'SIGHUP', failure: Failure): void {
  let firstMs: number | undefined;
  process.on(name, () => {
    firstMs ??= performance.now();
    controller.abort(failure);
    if (performance.now() - firstMs > sameSignalMs) process.exit(failure.exitCode);
  });
}

function output(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns ?? 100;
    },
  };
}
