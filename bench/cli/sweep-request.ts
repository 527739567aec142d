import { resolve } from 'node:path';
import type { Engine, EngineKind } from '../engines/engine.ts';
import { Failure } from '../failure.ts';
import type { PlacementChoice, Plan } from '../plan/plan.ts';
import { plainText } from '../report/plain-text.ts';
import { continuedPlan } from '../run/continuation.ts';
import { type EarlierRun, readEarlierRun } from '../run/earlier-run.ts';
import type { HostClaimOptions } from '../run/host-claim.ts';
import { hostClaimFolder } from '../run/host-claim-folder.ts';
import { readRunRecord } from '../run/record.ts';
import type { SweepRequest } from '../run/request.ts';
import { shellWord } from '../run/shell-word.ts';
import { type Consent, chooseEngine, type engineKinds } from './engine.ts';
import type { Host } from './host.ts';
import { readPlanFile } from './plan-file.ts';
import { type RemoteWords, withRemote } from './remote-options.ts';
import { stateFolderOf } from './state-folder.ts';
import { commandLine, newFolder, shownFrom } from './sweep-words.ts';

/** What the command line may say of a sweep beside its plan. */
export type SweepOptions = RemoteWords & {
  budget?: number;
  blocks?: number;
  slices?: number;
  seed?: number;
  goal?: Plan['goal'];
  /** The practical margin and alpha, as ratios. */
  margin?: number;
  alpha?: number;
  engine?: (typeof engineKinds)[number];
  placement?: PlacementChoice;
  out?: string;
  resume?: string;
  /** The folder of a run that has ended. */
  continue?: string;
  shareHost?: true;
  quiet?: true;
  /** False for --no-soak. */
  soak?: boolean;
  /** Consent to fetch a container image. */
  pull?: true;
};

/**
 * The sweep that a command line asks for, its engine chosen. `change` makes another plan of the one that was read.
 * @throws Failure: usage for a plan or a choice that is none, server where there is nothing to measure.
 */
export async function requestOf(
  planFile: string | undefined,
  options: SweepOptions,
  host: Host,
  change: (plan: Plan) => Plan = (plan) => plan,
): Promise<Omit<SweepRequest, 'events'>> {
  const { signal, projectFolder } = host;
  const stateFolder = stateFolderOf(host);
  if (options.continue !== undefined) return continuedRequest(planFile, options, host);
  if (options.resume !== undefined) {
    if (planFile !== undefined) {
      throw new Failure('usage', 'resume', `--resume goes on with the plan of its run, not with ${planFile}`, {
        hint: `leave the plan out: tritune sweep --resume ${shellWord(options.resume)}`,
      });
    }
    const folder = resolve(host.cwd, options.resume);
    const { plan, planFile: file, planSource, command, after, engine } = readRunRecord(folder);
    return {
      plan,
      planFile: file,
      planSource,
      command,
      engine: resumedEngine({ ...plan.engine, kind: engine.kind }, host, consentOf(options, host)),
      folder,
      shownFolder: shownFrom(host.cwd, folder),
      projectFolder,
      stateFolder,
      resume: true,
      continuing: null,
      soak: after.soak,
      hostClaim: claimOf(options, host),
      signal,
    };
  }
  const file = readPlanFile(planFile, host.cwd);
  const read = { ...file, plan: withRemote(override(change(file.plan), options), options, host) };
  const { engine, reason } = await chooseEngine(read.plan.engine, host, consentOf(options, host));
  const isRehearsal = reason !== undefined && engine.kind === 'embedded';
  const asked = isRehearsal ? { ...options, ...rehearsalBudget(read.plan, options) } : options;
  if (reason !== undefined) tellRehearsal(reason, asked, options, host);
  const plan = override(read.plan, asked);
  const folder = newFolder(plan, options, host);
  return {
    plan,
    planFile: read.file,
    planSource: read.source,
    command: commandLine([shellWord(read.file)], plan, asked),
    engine,
    folder,
    shownFolder: shownFrom(host.cwd, folder),
    projectFolder,
    stateFolder,
    resume: false,
    continuing: null,
    soak: options.soak !== false,
    hostClaim: claimOf(options, host),
    signal,
  };
}

/** A further attempt asks the question of the earlier run, on its engine, in a folder of its own. */
function continuedRequest(
  planFile: string | undefined,
  options: SweepOptions & { continue?: string },
  host: Host,
): Omit<SweepRequest, 'events'> {
  const { cwd, signal, projectFolder } = host;
  const earlier = readEarlierRun(resolve(cwd, options.continue ?? ''));
  const { record } = earlier;
  const given = planFile === undefined ? null : readPlanFile(planFile, cwd);
  const folder = newFolder(record.plan, options, host);
  const again = given === null ? null : onSameServer(given.plan, record, host);
  const { plan: asked, continues } = continuedPlan(earlier, again, folder);
  const plan = override(asked, options);
  const words = [
    ...(given === null ? [] : [shellWord(given.file)]),
    `--continue ${shellWord(shownFrom(cwd, earlier.folder))}`,
  ];
  return {
    plan,
    planFile: given?.file ?? record.planFile,
    planSource: given?.source ?? record.planSource,
    command: commandLine(words, plan, options),
    engine: resumedEngine({ ...plan.engine, kind: record.engine.kind }, host, consentOf(options, host)),
    folder,
    shownFolder: shownFrom(cwd, folder),
    projectFolder,
    stateFolder: stateFolderOf(host),
    resume: false,
    continuing: { earlier, continues },
    soak: options.soak !== false && record.after.soak,
    hostClaim: claimOf(options, host),
    signal,
  };
}

/** A plan that is read again says nothing of a server that the command line named; it is measured with the same clients. */
function onSameServer(plan: Plan, { plan: before, engine }: EarlierRun['record'], host: Host): Plan {
  return engine.kind === 'remote' ? withRemote({ ...plan, engine: before.engine }, {}, host) : plan;
}

/** A rehearsal that nobody asked for shows what a sweep is; it need not take as long as one that decides something. */
const rehearsalBudgetMs = 150_000;

/** The budget of such a rehearsal, in ms, where neither plan nor command line make it short anyway. */
export function rehearsalBudget(
  { budgetMs }: Pick<Plan, 'budgetMs'>,
  { budget, blocks }: SweepOptions,
): { budget?: number } {
  if (budget !== undefined || blocks !== undefined || budgetMs === null || budgetMs <= rehearsalBudgetMs) return {};
  return { budget: rehearsalBudgetMs };
}

function tellRehearsal(reason: string, asked: SweepOptions, { budget, quiet }: SweepOptions, { stderr }: Host): void {
  if (quiet === true) return;
  stderr.write(`${plainText(reason)}\n`);
  if (asked.budget !== undefined && budget === undefined)
    stderr.write(`a rehearsal takes ${asked.budget / 1_000} s of the plan's budget; --budget gives it another\n`);
}

/**
 * A run goes on with the engine it was begun with, whatever there is to choose from by now. It is looked for when a server is
 * to start: of a run that had ended only the report is made again.
 */
function resumedEngine(choice: Plan['engine'] & { kind: EngineKind }, host: Host, consent: Consent): Engine {
  let chosen: ReturnType<typeof chooseEngine> | undefined;
  const start: Engine['start'] = async (options) => {
    chosen ??= chooseEngine(choice, host, consent);
    const { engine } = await chosen;
    return engine.start(options);
  };
  return { kind: choice.kind, start };
}

function consentOf({ pull, quiet }: SweepOptions, { stderr }: Host): Consent {
  if (pull !== true) return {};
  return { pull: (line) => (quiet === true ? undefined : stderr.write(`${plainText(line)}\n`)) };
}

/** The plan with what the command line says in place of its own. */
export function override(
  plan: Plan,
  { budget, blocks, slices, seed, engine, goal, margin, alpha, placement }: SweepOptions,
): Plan {
  return {
    ...plan,
    ...(budget === undefined ? {} : { budgetMs: budget }),
    ...(blocks === undefined ? {} : { blocks }),
    ...(slices === undefined ? {} : { slicesPerBlock: slices }),
    ...(seed === undefined ? {} : { seed }),
    ...(goal === undefined ? {} : { goal }),
    ...(margin === undefined ? {} : { practicalMargin: margin }),
    ...(alpha === undefined ? {} : { alpha }),
    ...(placement === undefined ? {} : { placement }),
    ...(engine === undefined ? {} : { engine: { ...plan.engine, kind: engine } }),
  };
}

function claimOf({ shareHost }: SweepOptions, { env, args }: Host): HostClaimOptions {
  return { folder: hostClaimFolder(env), command: ['tritune', ...args].join(' '), share: shareHost === true };
}
