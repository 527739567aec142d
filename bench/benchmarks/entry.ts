import { availableParallelism, loadavg } from 'node:os';
import { Failure, messageOf } from '../failure.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * The edge of one benchmark's process: Ctrl-C ends what was started and then the process, with 130; a second one ends it at
 * once. A Failure is told in one line and sets its exit code.
 */
export async function runBenchmark(name: string, main: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  for (const [signal, exitCode] of Object.entries(exitCodes)) {
    // Not `once`: what ends the children listens as well, and would end this process at once were it the only one left.
    process.on(signal, () => {
      if (abort.signal.aborted) process.exit(exitCode);
      process.exitCode = exitCode;
      abort.abort(new Error(`stopped by ${signal}`));
    });
  }
  try {
    await main(abort.signal);
  } catch (error) {
    if (!(error instanceof Failure) && !abort.signal.aborted) throw error;
    process.stderr.write(`${name}: ${messageOf(error)}\n`);
    if (error instanceof Failure) process.exitCode = error.exitCode;
  }
}

/** A number of an option. @throws Failure (usage) where it is none or out of bounds. */
export function numberOption(
  name: string,
  text: string,
  bounds: { min: number; max: number; whole?: boolean },
): number {
  const { min, max, whole = false } = bounds;
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw usageFailure(`${name} ${text}: a ${whole ? 'whole ' : ''}number from ${min} to ${max} is needed`);
}

/** Whatever parsing the command line threw, as what the user must act on. */
export function usageFailure(error: unknown): Failure {
  return new Failure('usage', 'options', messageOf(error));
}

/** What the host is and does besides; figures taken beside other work are only indications. */
export type Host = { readonly cores: number; readonly loadBefore: number; readonly isBusy: boolean };

export function lookAtHost(): Host {
  const [loadBefore = 0] = loadavg();
  return { cores: availableParallelism(), loadBefore, isBusy: loadBefore > 0.5 };
}

export function hostLine({ cores, loadBefore, isBusy }: Host): string {
  const busy = isBusy ? '; other work was running, take the figures as indications only' : '';
  return `${cores} cores, load average ${loadBefore.toFixed(1)} before the first run${busy}.`;
}
