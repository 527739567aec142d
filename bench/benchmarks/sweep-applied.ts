import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { mean, standardDeviation } from '../stats/moments.ts';
import { studentUpperQuantile } from '../stats/student.ts';
import { writePlan } from './sweep-cases.ts';
import { runSweep, type SweepResults } from './sweep-runs.ts';

export type SweepContext = {
  readonly engine: string;
  readonly out: string;
  readonly runs: number | null;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
};

const variants = {
  'count-2': { 'instance_group.count': 2 },
  'count-4': { 'instance_group.count': 4 },
  'delay-500us': { 'dynamic_batching.max_queue_delay_microseconds': 500 },
};
const blocksPerTurn = 4;
const turns = 3;

/** The same variants reloaded, each under a new server, and lying side by side, in turns: the contrasts must not differ by more than their errors. */
export async function measureApplied({ engine, out, signal, say }: SweepContext): Promise<void> {
  const folder = join(out, 'applied');
  const ways = ['reload', 'restart', 'colocate'] as const;
  const plans = Object.fromEntries(
    ways.map((apply) => {
      const own = join(folder, apply);
      mkdirSync(own, { recursive: true });
      return [apply, writePlan(own, { changes: {}, variants, apply })];
    }),
  );
  const seen = new Map(ways.map((way) => [way, [] as SweepResults['blocks'][number][]]));
  for (let turn = 1; turn <= turns; turn += 1) {
    for (const way of turn % 2 === 1 ? ways : ways.toReversed()) {
      const words = ['--blocks', String(blocksPerTurn), '--budget', '10m', '--no-soak'];
      const run = { plan: plans[way] ?? '', folder: join(folder, `${way}-${turn}`), seed: turn };
      const { blocks } = await runSweep({ ...run, engine, words, signal });
      seen.get(way)?.push(...blocks);
    }
  }
  for (const id of Object.keys(variants)) {
    const contrasts = ways.map((way) => contrastOf(id, seen.get(way) ?? []));
    const [first, ...others] = contrasts;
    if (first === undefined) continue;
    const agree = others.every((other) => areClose(first, other)) ? 'they agree' : 'they DIFFER';
    const told = contrasts.map(
      ({ mean: m, error: e, count }, index) => `${ways[index]} ${text(m)} (se ${text(e)}, ${count} blocks)`,
    );
    say(`applied: ${id}: ${told.join(', ')}: ${agree}`);
  }
}

type Contrast = { readonly mean: number; readonly error: number; readonly count: number };

function areClose(a: Contrast, b: Contrast): boolean {
  const critical = studentUpperQuantile(0.025, a.count + b.count - 2);
  return Math.abs(b.mean - a.mean) <= critical * Math.hypot(a.error, b.error);
}

function contrastOf(id: string, blocks: SweepResults['blocks']): Contrast {
  const differences = blocks.flatMap(({ values }) => {
    const [own, baseline] = [values[id]?.throughput, values.baseline?.throughput];
    return own === undefined || baseline === undefined ? [] : [Math.log(own / baseline)];
  });
  const { length: count } = differences;
  return { mean: mean(differences), error: standardDeviation(differences) / Math.sqrt(count), count };
}

function text(logRatio: number): string {
  return `${(100 * Math.expm1(logRatio)).toFixed(1)} %`;
}
