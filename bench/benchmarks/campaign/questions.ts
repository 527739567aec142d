import type { Variant } from '../../plan/plan.ts';
import type { Random } from '../../random.ts';
import type { ScriptedHost } from '../../testing/scripted-host.ts';

/** What is true of the variants of a case; each kind is a question that people put to a sweep. */
export const caseKinds = ['equal', 'best', 'tied', 'delay', 'instances', 'batch'] as const;
export type CaseKind = (typeof caseKinds)[number] | 'thermal';

/** Users who wait longer than this give up: hosts that serve many slow requests have instances enough. */
export const patienceNs = 5e9;

/** What a question may depend on. */
type Given = {
  readonly serviceNs: number;
  readonly instances: number;
  readonly concurrency: number;
  readonly random: Random;
};
/** Variants, and what host and committed configuration they need. */
type Made = {
  readonly variants: readonly Variant[];
  readonly host?: Partial<ScriptedHost>;
  readonly rowsMost?: number;
  /** Queue delay of the committed configuration; it does not batch where this is left out. */
  readonly delayUs?: number;
};

/** How the variants of each kind are made; everything that is not said follows from `random`. */
export const makers: Readonly<Record<CaseKind, (given: Given) => Made>> = {
  equal: ({ random }) => ({ variants: efforts(Array<number>(4 + random.integer(5)).fill(1)) }),
  best: ({ random }) => {
    const others = Array.from({ length: 3 + random.integer(5) }, () => pick([1, 1, 1.02, 1.1], random));
    return { variants: efforts([...others, 0.7 + 0.28 * random.next()]) };
  },
  tied: ({ random }) => {
    const effort = 0.8 + 0.16 * random.next();
    const others = Array.from({ length: 2 + random.integer(4) }, () => pick([1, 1.05], random));
    return { variants: efforts([effort, ...others, effort]) };
  },
  // Users either fill every execution twice over, so that no delay matters, or never one, so that each waits out its delay.
  delay: ({ serviceNs, concurrency, random }) => {
    const rowsMost = 2 ** Math.max(0, Math.floor(Math.log2(concurrency)) + pick([-1, 1], random));
    const delayUs = (ratio: number): number => Math.max(1, Math.round((ratio * serviceNs) / 1e3));
    return {
      rowsMost,
      delayUs: delayUs(0.3),
      host: { fixedNs: 0.8 * serviceNs, rowNs: 0.2 * serviceNs },
      variants: [
        ...[0.1, 0.2, 0.6, 1, 2].map((ratio) => ({
          id: `delay-${delayUs(ratio)}us`,
          settings: { 'dynamic_batching.max_queue_delay_microseconds': delayUs(ratio) },
        })),
        ...(concurrency * serviceNs <= patienceNs ? [{ id: 'no-batching', settings: { dynamic_batching: null } }] : []),
      ],
    };
  },
  instances: ({ instances }) => ({
    variants: [2, 3, 4, 8, 16].map((times) => ({
      id: `count-${instances * times}`,
      settings: { 'instance_group.count': instances * times },
    })),
  }),
  batch: ({ serviceNs, concurrency, random }) => {
    const row = concurrency * serviceNs > patienceNs ? 0.01 : pick([0.1, 0.3, 0.7], random);
    const waitNs = (rows: number): number => Math.ceil(concurrency / rows) * (1 - row + row * rows) * serviceNs;
    const [least = 64, ...others] = [2, 4, 8, 16, 32, 64, 128, 256].filter((rows) => waitNs(rows) <= patienceNs);
    const rowsMost = others.includes(8) ? 8 : (others[1] ?? least);
    return {
      delayUs: 0,
      rowsMost,
      host: { fixedNs: (1 - row) * serviceNs, rowNs: row * serviceNs },
      variants: [least, ...others]
        .filter((rows) => rows !== rowsMost)
        .map((rows) => ({ id: `rows-${rows}`, settings: { max_batch_size: rows } })),
    };
  },
  // Young it is 8 % faster; when it has worked for 5 s it is 10 % slower than it was.
  thermal: ({ random }) => ({
    host: { heat: { afterNs: 5e9, slowdown: 0.1 }, warmup: { excess: 0, executions: 1 } },
    variants: [
      ...efforts(Array<number>(1 + random.integer(3)).fill(1.03)),
      { id: 'hungry', settings: { 'parameters.effort': 1 / 1.08, 'parameters.hungry': 'true' } },
    ],
  }),
};

/** Variants that differ in nothing but how long an execution takes; equal ones still have configurations of their own. */
function efforts(values: readonly number[]): Variant[] {
  return values.map((effort, index) => ({
    id: `v${index + 1}`,
    settings: { 'parameters.effort': effort, 'parameters.label': `v${index + 1}` },
  }));
}

/** One of some, each as likely. */
export function pick<const T>(values: readonly T[], random: Random): T {
  const value = values[random.integer(values.length)];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
}
