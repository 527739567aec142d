/** Exit codes of every command; scripts and CI jobs rely on them. */
export const exitCodes = {
  done: 0,
  bug: 1,
  usage: 2,
  server: 3,
  measurement: 4,
  gate: 5,
  results: 6,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * What a user must act on. `message` says what is wrong and where, in one line; `hint` says what to do next.
 * Everything else that is thrown is a bug and exits with 1.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(
    exit: Exclude<keyof typeof exitCodes, 'done' | 'bug'>,
    code: string,
    message: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.exitCode = exitCodes[exit];
    this.hint = options.hint;
  }
}

/** The message of anything thrown, for the `cause` part of a user's message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
