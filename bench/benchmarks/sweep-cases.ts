import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import type { SweepResults } from './sweep-runs.ts';

/** One plan that is run again and again, and what each of its runs should have shown. */
export type SweepCase = {
  readonly name: string;
  readonly about: string;
  readonly runs: number;
  /** Of each run, on the command line; null for what the plan says. */
  readonly budget: string | null;
  /** Writes the plan into an empty folder and tells its path. */
  readonly plan: (folder: string) => string;
  /** Whether a run showed it, in the words of the table's column. */
  readonly shows: (results: SweepResults) => boolean;
  /** How many runs should, of so many. */
  readonly expected: (runs: number) => { readonly atLeast: number };
};

const committed = fileURLToPath(new URL('../../configs/', import.meta.url));
const samples = fileURLToPath(new URL('../../data/test_data.csv', import.meta.url));

/** What a sweep is trusted for, on a server whose answers are known: equal ones, a binding delay, too many instances. */
export const sweepCases: readonly SweepCase[] = [
  {
    name: 'equal',
    about: 'four times the same: no claim',
    runs: 20,
    budget: '60s',
    plan: () => join(committed, 'noise.yaml'),
    shows: ({ verdict }) => verdict.better.length === 0,
    expected: (runs) => ({ atLeast: runs - Math.floor(runs / 5) }),
  },
  {
    name: 'no-delay',
    about: 'a baseline that waits 500 us for a batch: no delay wins',
    runs: 10,
    budget: '40s',
    plan: (folder) =>
      writePlan(folder, {
        changes: { 'dynamic_batching { }': 'dynamic_batching { max_queue_delay_microseconds: 500 }' },
        variants: { 'no-delay': { 'dynamic_batching.max_queue_delay_microseconds': 0 } },
      }),
    shows: ({ verdict }) => verdict.kind === 'WINNER' && verdict.pick === 'no-delay',
    expected: (runs) => ({ atLeast: runs }),
  },
  {
    name: 'fewer',
    about: 'a baseline of 4 instances: 1 is better',
    runs: 10,
    budget: '60s',
    plan: (folder) =>
      writePlan(folder, {
        changes: { 'count: 1': 'count: 4' },
        variants: { 'count-1': { 'instance_group.count': 1 } },
      }),
    shows: ({ verdict }) => verdict.better.includes('count-1'),
    expected: (runs) => ({ atLeast: Math.ceil(0.8 * runs) }),
  },
  {
    name: 'more',
    about: 'a baseline of 1 instance: 10 are not among the best',
    runs: 10,
    budget: '40s',
    plan: (folder) => writePlan(folder, { changes: {}, variants: { 'count-10': { 'instance_group.count': 10 } } }),
    shows: ({ verdict }) => verdict.kind !== 'INVALID' && !verdict.bestSet.includes('count-10'),
    expected: (runs) => ({ atLeast: runs }),
  },
  {
    name: 'table',
    about: 'the committed plan with another seed each: valid, its best set resolved to 8 %',
    runs: 3,
    budget: null,
    plan: () => join(committed, 'iris.yaml'),
    shows: ({ verdict, run }) => verdict.kind !== 'INVALID' && (run.resolvable ?? Number.POSITIVE_INFINITY) <= 0.08,
    expected: (runs) => ({ atLeast: runs }),
  },
];

export type PlanText = {
  /** Places of the committed config.pbtxt that the baseline has otherwise. */
  readonly changes: Readonly<Record<string, string>>;
  readonly variants: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly apply?: 'reload' | 'restart' | 'colocate';
};

/** A copy of the committed repository, its config.pbtxt changed, and a plan that compares it with the variants. */
export function writePlan(folder: string, { changes, variants, apply }: PlanText): string {
  using repository = new StagedRepository();
  repository.addLikeCommitted('changed', changes);
  const config = repository.read('changed/config.pbtxt').replace('"changed"', `"${irisModel}"`);
  const model = join(folder, 'model_repository', irisModel);
  mkdirSync(join(model, '1'), { recursive: true });
  writeFileSync(join(model, 'config.pbtxt'), config);
  writeFileSync(join(model, '1', 'model.onnx'), readFileSync(join(repository.path, irisModel, '1', 'model.onnx')));
  const plan = join(folder, 'plan.yaml');
  writeFileSync(
    plan,
    JSON.stringify({
      name: 'repeated',
      model: irisModel,
      modelRepository: 'model_repository',
      load: { protocol: 'http', concurrency: 8, batchSize: 1, input: samples },
      objective: { maximize: 'throughput' },
      budget: '1m',
      ...(apply === undefined ? {} : { apply }),
      seed: 1,
      variants: Object.entries(variants).map(([id, settings]) => ({ id, settings })),
    }),
  );
  return plan;
}
