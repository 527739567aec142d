import { type exitCodes, Failure } from '../failure.ts';

/**
 * One Failure of two, where what had to be put in order at the end failed as well: the first decides the exit code and the first line,
 * the second stands below it. Anything else is given back as it is.
 */
export function bothTold(error: unknown): unknown {
  if (!(error instanceof SuppressedError)) return error;
  const [last, first] = [bothTold(error.error), bothTold(error.suppressed)];
  if (!(last instanceof Failure)) return last;
  if (!(first instanceof Failure)) return first;
  return new Failure(exitKinds[first.exitCode] ?? 'server', first.code, `${first.message}\n${last.message}`, {
    hint: [last.hint, first.hint].filter((hint) => hint !== undefined).join('\n'),
    cause: first,
  });
}

/** Of an exit code, what makes a Failure have it. */
export const exitKinds: Partial<Record<number, Exclude<keyof typeof exitCodes, 'done' | 'bug'>>> = {
  2: 'usage',
  3: 'server',
  4: 'measurement',
  5: 'gate',
  6: 'results',
  130: 'interrupted',
  143: 'terminated',
};
