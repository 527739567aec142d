import { exitCodes } from './failure.ts';

type Stream = Pick<NodeJS.WriteStream, 'on' | 'write'>;

/**
 * Tells, when the process ends, that its standard output could not be written, on a full disk for one: what would have ended
 * with 0 ends with 6 then. A reader that went away had what it wanted, and is none of it.
 */
export function tellLostOutput(
  process: Pick<NodeJS.Process, 'once' | 'exitCode'>,
  stdout: Stream,
  stderr: Stream,
): void {
  let lost: Error | undefined;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost ??= error;
  });
  process.once('exit', () => {
    if (lost === undefined) return;
    stderr.write(
      `tritune: the standard output cannot be written: ${lost.message}\n  make room where it goes; tritune report DIR prints what a sweep found again\n`,
    );
    if ((process.exitCode ?? exitCodes.done) === exitCodes.done) process.exitCode = exitCodes.results;
  });
}
