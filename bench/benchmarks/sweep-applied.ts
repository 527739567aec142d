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

/** The same variants reloaded and each under a new server, in turns: the contrasts must not differ by more than their errors. */
export async function measureApplied({ engine, out, signal, say }: SweepContext): Promise<void> {
  const folder = join(out, 'applied');
  const ways = ['reload', 'restart'] as const;
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
    const [first, second] = contrasts;
    if (first === undefined || second === undefined) continue;
    const difference = second.mean - first.mean;
    const error = Math.hypot(first.error, second.error);
    const critical = studentUpperQuantile(0.025, first.count + second.count - 2);
    const agree = Math.abs(difference) <= critical * error ? 'they agree' : 'they DIFFER';
    const told = contrasts.map(
      ({ mean: m, error: e, count }, index) => `${ways[index]} ${text(m)} (se ${text(e)}, ${count} blocks)`,
    );
    say(`applied: ${id}: ${told.join(', ')}: ${agree}`);
  }
}

function contrastOf(id: string, blocks: SweepResults['blocks']): { mean: number; error: number; count: number } {
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
