/** Everything a command may touch of the process it runs in; tests give it another one. Only main.ts makes the real one. */
export type Host = {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The folder of the project that holds `.triton/`, `configs/` and `reports/`. */
  readonly projectFolder: string;
  /** Results. */
  readonly stdout: Output;
  /** Progress and errors. */
  readonly stderr: Output;
  /** Aborted, with a Failure as its reason, by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
};

export type Output = { write(text: string): void; readonly isTTY: boolean; readonly columns: number };

/** How a command says that it ended with another code than 0; what it throws is told to the user in one place. */
export type Exit = (code: number) => void;

/** Whether escape sequences may be written: never into a pipe, and never where the user asked for none. */
export function allowsColor(output: Output, env: Host['env'], wanted = true): boolean {
  return wanted && output.isTTY && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}
