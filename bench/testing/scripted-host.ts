import type { PlainConfig } from '../modelconfig/plain.ts';

/** A host that serves one model, in numbers: what is fast on it follows from them. Times are ns of processor time. */
export type ScriptedHost = {
  /** Executions beyond this many share the processors. */
  readonly cores: number;
  /** One execution of n rows takes `fixedNs` + n x `rowNs`. */
  readonly fixedNs: number;
  readonly rowNs: number;
  /** Standard deviation of ln of an execution's time, whose mean stays what it is. */
  readonly jitterSd: number;
  /** Share of all speed that each execution beyond the cores costs. */
  readonly contention: number;
  /** A young model takes (1 + excess) times as long; of that excess 1/e is left after so many executions of each instance. */
  readonly warmup: { readonly excess: number; readonly executions: number };
  /** A hungry configuration that has been at work for so long takes (1 + slowdown) times as long; it cools as it warmed. */
  readonly heat: { readonly afterNs: number; readonly slowdown: number };
  /** In so many of all stretches of time of that length, evenly spread, a quarter of the answers comes so much later. */
  readonly stalls: { readonly share: number; readonly everyNs: number; readonly addedNs: number };
};

/** What of a config.pbtxt matters on a scripted host. */
export type Serving = {
  readonly instances: number;
  /** Most rows of one execution. */
  readonly rowsMost: number;
  /** How long an execution waits to be filled; null where each request is an execution of its own. */
  readonly queueDelayNs: number | null;
  /** Parameter `effort`: how many times the host's own times an execution takes. */
  readonly effort: number;
  /** Parameter `hungry`. */
  readonly hungry: boolean;
};

/** Processors, and an execution of so many ns whatever its rows; nothing else about it is special. */
export function plainHost(cores: number, executionNs: number): ScriptedHost {
  return {
    cores,
    fixedNs: executionNs,
    rowNs: 0,
    jitterSd: 0,
    contention: 0,
    warmup: { excess: 0, executions: 1 },
    heat: { afterNs: Number.POSITIVE_INFINITY, slowdown: 0 },
    stalls: { share: 0, everyNs: 1e9, addedNs: 0 },
  };
}

export function servingOf(config: PlainConfig): Serving {
  const { instance_group: groups = [], max_batch_size: rows = 0, dynamic_batching: batching, parameters } = config;
  const parameter = (name: string): string | undefined => parameters?.[name]?.string_value;
  return {
    instances: groups.length === 0 ? 1 : groups.reduce((sum, { count }) => sum + (count ?? 1), 0),
    rowsMost: Math.max(1, rows),
    queueDelayNs: batching === undefined ? null : 1_000 * Number(batching.max_queue_delay_microseconds ?? 0),
    effort: Number(parameter('effort') ?? 1),
    hungry: parameter('hungry') === 'true',
  };
}

/** Processor time of one execution, jitter and warm-up apart. */
export function executionNs({ fixedNs, rowNs }: ScriptedHost, { effort }: Serving, rows: number): number {
  return effort * (fixedNs + rows * rowNs);
}

/** How fast each of so many executions goes on, by what it would be alone. */
export function speedOf({ cores, contention }: ScriptedHost, executing: number): number {
  const beyond = Math.max(0, executing - cores);
  return Math.min(1, cores / executing) / (1 + contention * beyond);
}

/**
 * Requests of one row per second of so many users who never pause, in three cases that need no simulation: no batching;
 * executions that are always full (one instance, at least twice as many users as rows); and executions of all users
 * that wait out their delay (one instance, fewer users than rows). Null elsewhere. Heat and stalls apart.
 */
export function closedForm(host: ScriptedHost, serving: Serving, users: number): number | null {
  const { instances, rowsMost, queueDelayNs } = serving;
  if (queueDelayNs === null) {
    const executing = Math.min(users, instances);
    return (executing * speedOf(host, executing) * 1e9) / executionNs(host, serving, 1);
  }
  if (instances !== 1) return null;
  if (users >= 2 * rowsMost) return (rowsMost * 1e9) / executionNs(host, serving, rowsMost);
  if (users < rowsMost && queueDelayNs > 0) return (users * 1e9) / (queueDelayNs + executionNs(host, serving, users));
  return null;
}
