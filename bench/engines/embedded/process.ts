// The embedded server as a process of its own, with Triton's flags: `node process.ts --model-repository=DIR ...`.
import { flushCompileCache } from 'node:module';
import { Failure, messageOf } from '../../failure.ts';
import { readFlags, splitFlags } from './flags.ts';
import { startServing } from './serving.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  const flags = readFlags(splitFlags(process.argv.slice(2)), process.cwd());
  const serving = await startServing(flags, log);
  const { http, grpc, metrics } = serving;
  // It may be killed at any time, and would keep nothing compiled for the next start.
  flushCompileCache();
  process.stdout.write(`${JSON.stringify({ ready: { http, grpc, metrics } })}\n`);
  const end = async (): Promise<void> => {
    setTimeout(() => process.exit(0), flags.exitTimeoutMs).unref();
    await serving[Symbol.asyncDispose]();
    process.exit(0);
  };
  process.once('SIGTERM', () => void end());
  process.once('SIGINT', () => void end());
} catch (error) {
  log(`error: ${messageOf(error)}${error instanceof Failure && error.hint !== undefined ? `; ${error.hint}` : ''}`);
  process.exit(1);
}
