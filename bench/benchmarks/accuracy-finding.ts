/** One figure; `isWithin` is null for those that only explain the others. */
export type Finding = {
  /** Transport, pacing and what the server did. */
  readonly run: string;
  readonly what: string;
  readonly value: string;
  readonly limit: string | null;
  readonly isWithin: boolean | null;
};

/** A figure with its limit. */
export function judged(run: string, what: string, ns: number, limit: { limit: string; isWithin: boolean }): Finding {
  return { run, what, value: milliseconds(ns), ...limit };
}

/** A figure that only explains others. */
export function explained(run: string, what: string, ns: number): Finding {
  return { run, what, value: milliseconds(ns), limit: null, isWithin: null };
}

export function milliseconds(ns: number): string {
  return `${(ns / 1e6).toFixed(3)} ms`;
}
