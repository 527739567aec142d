import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** What is read here of a run's results.json. */
export type SweepResults = {
  readonly verdict: {
    readonly kind: string;
    readonly pick: string | null;
    readonly better: readonly string[];
    readonly bestSet: readonly string[];
  };
  readonly run: { readonly durationMs: number; readonly resolvable: number | null };
  readonly variants: readonly {
    readonly id: string;
    readonly comparison: {
      readonly gain: { readonly point: number; readonly lower: number; readonly upper: number };
    } | null;
  }[];
  readonly blocks: readonly {
    readonly stage: string;
    readonly values: Readonly<Record<string, { readonly throughput: number }>>;
  }[];
};

export type SweepRun = {
  readonly plan: string;
  readonly folder: string;
  readonly seed: number;
  readonly engine: string;
  /** More words of the command line. */
  readonly words: readonly string[];
  readonly signal: AbortSignal;
};

const program = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Runs a sweep as a user does. @throws Error where it ends without results. */
export async function runSweep({ plan, folder, seed, engine, words, signal }: SweepRun): Promise<SweepResults> {
  const flags = ['sweep', plan, '--engine', engine, '--seed', String(seed), '--out', folder, '--quiet', ...words];
  const { stderr, exitCode } = await execa(process.execPath, [program, ...flags], {
    cancelSignal: signal,
    forceKillAfterDelay: 10_000,
    reject: false,
    stdin: 'ignore',
  });
  signal.throwIfAborted();
  try {
    return JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as SweepResults;
  } catch (cause) {
    throw new Error(`the sweep of ${plan} ended with ${exitCode}: ${stderr.slice(-300)}`, { cause });
  }
}
