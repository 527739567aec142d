import type { Arm, DecisionRules } from './verdict.ts';

/** Four looks that each pay for themselves, 5 %, a margin of 2 %: the rules of the known answers. */
export const sweepRules: DecisionRules = {
  alpha: 0.05,
  delta: Math.log(1.02),
  goal: 'improve',
  looks: [8, 12, 18, 24],
  maxBlocks: 24,
  spending: 'additive',
};

/** One look after `blocks` blocks. */
export function oneLook(blocks: number): DecisionRules {
  return { ...sweepRules, looks: [blocks], maxBlocks: blocks };
}

/** A variant that never varies, as under a fake clock. */
export function constantArm(id: string, level: number, blocks: number): Arm {
  return { id, cost: [1], y: Array<number>(blocks).fill(level) };
}

/**
 * A variant whose blocks lie at `level` + `spread` and `level` - `spread` in turn: deviation and mean are known exactly
 * for even counts.
 */
export function swingingArm(id: string, level: number, spread: number, blocks: number): Arm {
  return {
    id,
    cost: [1],
    y: Array.from({ length: blocks }, (_, block) => level + (block % 2 === 0 ? spread : -spread)),
  };
}
