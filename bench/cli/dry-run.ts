import { assignedBy } from '../plan/load-axis.ts';
import { constraintText, objectiveText } from '../plan/objective.ts';
import type { Plan } from '../plan/plan.ts';
import { duration, plural, rate, share } from '../report/format.ts';
import { describeLoad } from '../report/loads.ts';
import { plainText } from '../report/plain-text.ts';
import { settingsText } from '../report/variant-rows.ts';
import { longestAfterMs } from '../run/after-plan.ts';
import { assumed, type Expectation, expectRun } from '../run/expect.ts';
import { requestsForObjective } from '../run/score.ts';
import { reserveOf } from '../run/soak-reserve.ts';
import { undecidableLimits } from '../run/undecidable-limits.ts';
import type { Host } from './host.ts';
import { readPlanFile } from './plan-file.ts';
import { withRemote } from './remote-options.ts';
import { override, type SweepOptions } from './sweep-request.ts';

/**
 * What a sweep would measure, in which order, and for about how long, as text. Starts no server and writes no file.
 * @throws Failure (usage) for a plan that a sweep would refuse before it starts a server.
 */
export async function dryRun(planFile: string | undefined, options: SweepOptions, host: Host): Promise<string> {
  const read = readPlanFile(planFile, host.cwd);
  const plan = withRemote(override(read.plan, options), options, host);
  const expected = await expectRun(plan, options.soak !== false);
  const sections = [
    questionOf(plan, read.file, expected),
    variantsOf(plan, expected),
    orderOf(expected),
    stagesOf(plan, expected, options.soak !== false),
    ...limitsOf(plan, expected),
    assumptions(plan),
  ];
  return sections.map((lines) => lines.map((line) => `${plainText(line)}\n`).join('')).join('\n');
}

function questionOf(plan: Plan, file: string, { input, apply, placement }: Expectation): string[] {
  const requests = requestsForObjective(plan.objective);
  return [
    `${file}: ${plan.name}, model ${plan.model}`,
    `objective: ${objectiveText(plan.objective)}${requests === 0 ? '' : `, which needs ${requests} requests in a block`}`,
    `constraints: ${plan.constraints.map(constraintText).join('; ') || 'none'}`,
    `goal: ${plan.goal}, practical margin ${share(plan.practicalMargin)}, alpha ${share(plan.alpha)}`,
    `load: ${describeLoad(plan.load, outstandingOf(plan))}; ${input}`,
    `${apply === 'keep' ? 'loaded when the server starts, since the load alone differs' : `put in force by ${applyText[apply]}`}; seed ${plan.seed}`,
    placementText(placement),
  ];
}

function placementText({ divided, server, client }: Expectation['placement']): string {
  return divided ? `CPUs: server ${server}, client ${client}` : `CPUs: ${server} for server and client`;
}

function outstandingOf({ objective, load }: Plan): string {
  if (objective.kind !== 'capacity') return `${load.concurrency} outstanding`;
  const { levels } = objective;
  return `each variant with as many outstanding as keep the limits, one of ${levels.length} levels from ${levels[0]} to ${levels.at(-1)}`;
}

const applyText: Record<Exclude<Expectation['apply'], 'keep'>, string> = {
  auto: 'reload, or colocate where loading turns out to cost much',
  reload: 'reload',
  restart: 'restart',
  colocate: 'colocate',
};

function variantsOf(plan: Plan, { measured, setAside }: Expectation): string[] {
  const left = (['excluded', 'merged'] as const)
    .map((status) => [status, setAside.filter((each) => each.status === status).length] as const)
    .filter(([, number]) => number > 0)
    .map(([status, number]) => `, ${number} ${status}`);
  const ids = [...measured.map(({ variant }) => variant.id), ...setAside.map(({ variantId }) => variantId)];
  const width = Math.min(40, Math.max(...ids.map((id) => id.length)));
  return [
    `${plural(plan.variants.length, 'variant')} in the plan: ${measured.length - 1} to be measured${left.join('')}`,
    ...measured.map(({ variant }) => `  ${variant.id.padEnd(width)}  ${settingsText(assignedBy(variant))}`),
    ...setAside.map(({ variantId, status, reason }) => `  ${variantId.padEnd(width)}  ${status}: ${reason}`),
  ];
}

function orderOf({ order }: Expectation): string[] {
  const lines = order.flatMap((slices, server) => [
    ...(order.length === 1 ? [] : [`  server process ${server + 1}`]),
    ...[...Map.groupBy(slices, ({ round }) => round)].map(
      ([round, ofRound]) =>
        `${order.length === 1 ? '' : '  '}  round ${round + 1}: ${ofRound.map(({ variantId }) => variantId).join(' ')}`,
    ),
  ]);
  return ['first block, where the server takes all of them', ...lines];
}

function stagesOf(plan: Plan, expected: Expectation, soak: boolean): string[] {
  const { design, measured, preparingMs, levelsMs, screenMs, confirmMs } = expected;
  const levels = plan.objective.kind === 'capacity';
  const {
    blocks,
    slicesPerBlock,
    screenSlices,
    screenBlocks,
    finalists,
    confirmLooks,
    reduced,
    procedure,
    resolvable,
  } = design;
  const staged = procedure === 'staged';
  const cut = reduced.length === 0 ? [] : [`  given up for the budget: ${reduced.join(', ')}`];
  // The last look is where the blocks end, planned or not.
  const looks = [...confirmLooks.filter((look) => look < blocks), blocks];
  const screen = `  screen: ${plural(screenBlocks, 'block')} to find the best ${finalists} of ${measured.length - 1}, about ${duration(screenMs)}`;
  const rest = staged
    ? `  confirm: at most ${plural(blocks, 'block')} of the baseline and ${finalists}, looked at after ${looks.join(', ')}, at most ${duration(confirmMs)}`
    : `  ${plural(blocks, 'block')} of all of them, looked at once, about ${duration(confirmMs)}`;
  const afterwards = `${duration(longestAfterMs({ after: { soak }, design }))} of ${soak ? 'soak, ' : ''}range and client`;
  const allMs = preparingMs + levelsMs + screenMs + confirmMs;
  return [
    staged && screenBlocks > 0
      ? `stages, with ${plural(screenSlices, 'slice')} of each variant in a block of the screen and ${slicesPerBlock} in one of confirm`
      : `stages, with ${plural(slicesPerBlock, 'slice')} of each variant in a block`,
    `  a look at each variant${staged && !levels ? ', and the pilot' : ''}: about ${duration(preparingMs)}`,
    ...(levels ? [`  the level of each variant: about ${duration(levelsMs)}`] : []),
    ...(staged && screenBlocks > 0 ? [screen] : []),
    rest,
    ...cut,
    `to the verdict ${staged ? 'at most' : 'about'} ${duration(allMs)}${plan.budgetMs === null ? '' : ` of the budget of ${duration(plan.budgetMs)}`}`,
    ...(design.reservedSoakSliceMs === 0
      ? []
      : [`of the budget ${duration(reserveOf(design))} are kept for a soak, unless blocks without a claim need them`]),
    ...(staged && !plan.expectEqual ? [`after a claim, as the budget allows: at most ${afterwards}`] : []),
    ...(resolvable === null
      ? []
      : [`gains of about ${share(Math.expm1(resolvable))} and more would be found, with 80 % power`]),
  ];
}

/** A section of its own, where there is something to be said. */
function limitsOf(plan: Plan, { design, looks }: Expectation): string[][] {
  const found = undecidableLimits({ plan, design, looks });
  return found.length === 0 ? [] : [found.map(({ what, advice }) => `warning: ${what}; ${advice}`)];
}

function assumptions({ blocks }: Plan): string[] {
  const { serverStartMs, loadMs, requestsPerSecond, sliceSd } = assumed;
  const noise = blocks === null ? `, and slices that vary by ${share(sliceSd)}` : '';
  return [
    `nothing was started: times assume a server that starts in ${duration(serverStartMs)}, loads a variant in ${duration(loadMs)} and answers ${rate(requestsPerSecond)}${noise}; a sweep measures all of that first`,
  ];
}
