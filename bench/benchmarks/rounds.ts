import { messageOf } from '../failure.ts';
import type { BenchmarkServer } from './benchmark-server.ts';
import { type ClientCommand, type ClientRun, runClient } from './client-run.ts';

/** One client, ready to be run any number of times. */
export type Contender = { readonly name: string; readonly command: () => ClientCommand };

export type RoundOptions = {
  readonly rounds: number;
  readonly steadyMs: number;
  readonly signal: AbortSignal;
  /** Told before each run. */
  readonly progress: (line: string) => void;
};

/** All runs of one client; `failure` is why it ran no further. */
export type Outcome = { readonly client: string; readonly runs: readonly ClientRun[]; readonly failure: string | null };

/**
 * Runs every client once a round, each round beginning with the next one: what slows the host down for a while hits all of
 * them, and none is always first. A client that fails is left out from then on.
 */
export async function runRounds(
  contenders: readonly Contender[],
  server: BenchmarkServer,
  options: RoundOptions,
): Promise<Outcome[]> {
  const outcomes = contenders.map(({ name, command }) => ({
    client: name,
    command,
    runs: [] as ClientRun[],
    failure: null as string | null,
  }));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const outcome of beginningWith(round, outcomes)) {
      if (outcome.failure !== null) continue;
      options.progress(`round ${round + 1} of ${options.rounds}: ${outcome.client}`);
      try {
        outcome.runs.push(await runClient(outcome.command(), server, options));
      } catch (error) {
        options.signal.throwIfAborted();
        outcome.failure = messageOf(error);
      }
    }
  }
  return outcomes.map(({ client, runs, failure }) => ({ client, runs, failure }));
}

/** All of them in their order, the first ones after the last: A B C, then B C A. */
export function beginningWith<Item>(place: number, items: readonly Item[]): Item[] {
  const first = place % Math.max(1, items.length);
  return [...items.slice(first), ...items.slice(0, first)];
}

/** Of an even number of values, the mean of the middle two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [below = Number.NaN, above = below] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (below + above) / 2;
}
