import type { Random } from '../random.ts';
import { type MeasuredBlock, trialsOf } from './measured.ts';
import { type Contender, nextStep, type ProcedureRules } from './procedure.ts';
import { type Noise, type SimulatedArms, simulatedHost } from './simulate.ts';
import type { Verdict } from './verdict.ts';

/** A simulated sweep as it ended; variants are called by their index in the effects, the baseline is '0'. */
export type SimulatedSweep = {
  readonly verdict: Verdict;
  readonly finalists: readonly string[];
  readonly blocks: readonly MeasuredBlock[];
  readonly trials: number;
};

/**
 * Runs the procedure itself, step by step, on a simulated host. `rules.trialsLeft` is the budget at the start. Costs
 * rise with the index.
 */
export function simulateSweep(
  arms: SimulatedArms,
  { noise, rules }: { readonly noise: Noise; readonly rules: ProcedureRules },
  random: Random,
): SimulatedSweep {
  const host = simulatedHost(arms, noise, random);
  const contenderOf = (index: number): Contender => ({ id: String(index), cost: [index] });
  const others = arms.effects.slice(1).map((_, index) => contenderOf(index + 1));
  const blocks: MeasuredBlock[] = [];
  for (;;) {
    const trials = trialsOf(blocks);
    const step = nextStep([contenderOf(0), ...others], blocks, { ...rules, trialsLeft: rules.trialsLeft - trials });
    if (step.kind === 'done') return { verdict: step.verdict, finalists: step.finalists, blocks, trials };
    const y = host.block(step.active.map(Number));
    blocks.push({
      stage: step.stage,
      round: step.round,
      y: new Map(step.active.map((id, index) => [id, y[index] ?? Number.NaN])),
    });
  }
}
