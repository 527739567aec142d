import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../failure.ts';
import { engineOfKind } from '../../plan/engine-choice.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Results } from '../../report/results.ts';
import type { SweepEvents } from '../../run/request.ts';
import { sweep } from '../../run/sweep.ts';
import type { CampaignCase } from './cases.ts';
import { judge, type Outcome } from './judge.ts';
import { simulatedEngine } from './simulated-engine.ts';
import { truthOf } from './truth.ts';

/** One sweep of the campaign, what it found (null where it was refused), and what that was worth. */
export type Swept = { readonly given: CampaignCase; readonly results: Results | null; readonly outcome: Outcome };

/** Runs a sweep, whole, on its simulated host. The same case gives the same sweep. */
export async function sweepCase(given: CampaignCase): Promise<Swept> {
  const results = await sweepSimulated(given).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'budget') return error;
    throw error;
  });
  if (results instanceof Failure) return { given, results: null, outcome: { kind: 'refused', why: results.message } };
  const lower = (['latency.p95', 'latency.p90'] as const).find((metric) => results.verdict.objective.includes(metric));
  const { objective } = given;
  const decided = lower === undefined || objective.kind !== 'single' ? objective : { ...objective, metric: lower };
  return { given, results, outcome: judge(results, truthOf(given, decided)) };
}

/** The sweep itself, in a folder that is gone afterwards. */
export async function sweepSimulated(given: CampaignCase): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-campaign-'));
  try {
    const repository = join(folder, 'models');
    mkdirSync(join(repository, 'scripted', '1'), { recursive: true });
    writeFileSync(join(repository, 'scripted', 'config.pbtxt'), given.config);
    writeFileSync(join(folder, 'rows.csv'), 'a,b,c,d\n1,2,3,4\n5,6,7,8\n');
    const { engine, instruments } = simulatedEngine({ ...given, ...costs, seed: given.index });
    return await sweep({
      plan: planOf(given, folder),
      planFile: 'campaign',
      planSource: '',
      command: 'campaign',
      engine,
      instruments,
      folder: join(folder, 'run'),
      shownFolder: 'run',
      projectFolder: folder,
      stateFolder: join(folder, 'state'),
      resume: false,
      continuing: null,
      soak: true,
      signal: new AbortController().signal,
      events: silent,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const costs = { startMs: 400, loadMs: 8 };

const silent: SweepEvents = { preparing() {}, designed() {}, slice() {}, warning() {} };

function planOf(given: CampaignCase, folder: string): Plan {
  return {
    name: 'campaign',
    model: 'scripted',
    modelRepository: join(folder, 'models'),
    engine: engineOfKind('local'),
    placement: { kind: 'none' },
    apply: 'auto',
    load: {
      protocol: 'http',
      concurrency: given.concurrency,
      batchSize: 1,
      input: join(folder, 'rows.csv'),
      requestTimeoutMs: 60_000,
    },
    objective: given.objective,
    constraints: [],
    goal: given.goal,
    practicalMargin: 0.02,
    alpha: 0.05,
    budgetMs: given.budgetMs,
    blocks: null,
    slicesPerBlock: 4,
    seed: given.index,
    expectEqual: false,
    variants: given.variants,
    conditions: [],
    allowResponseCache: false,
  };
}
