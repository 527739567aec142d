import { parentPort } from 'node:worker_threads';
import { seededRandom } from '../random.ts';
import { type Breach, breach } from './decision-constraints.ts';
import { gate } from './decision-gate.ts';
import { claimedAtResolution } from './decision-power.ts';
import { forCapacity, procedures } from './decision-procedures.ts';
import type { Scenario } from './decision-scenarios.ts';
import { add, type Tally, tallyOf } from './decision-tally.ts';

/** What is simulated: one line of a table. */
export type Subject =
  | { readonly kind: 'sweep'; readonly procedure: string; readonly scenario: Scenario }
  | { readonly kind: 'capacity'; readonly scenario: Scenario }
  | { readonly kind: 'gate'; readonly change: number }
  | { readonly kind: 'constraint'; readonly breach: Breach }
  | { readonly kind: 'power'; readonly variantCount: number };

/** A share of a line: the sweeps from `first` on, each with a seed of its own, so that shares may run anywhere. */
export type Work = { readonly subject: Subject; readonly first: number; readonly sweeps: number };

export function simulate({ subject, first, sweeps }: Work): Tally {
  let sum: Tally = {};
  for (let index = first; index < first + sweeps; index++) sum = add(sum, once(subject, index));
  return sum;
}

function once(subject: Subject, index: number): Tally {
  const random = seededRandom(1_000_003 + index);
  switch (subject.kind) {
    case 'capacity':
      return tallyOf(forCapacity(subject.scenario, random), subject.scenario.effects);
    case 'gate':
      return gate(subject.change, random);
    case 'constraint':
      return breach(subject.breach, random);
    case 'power':
      return claimedAtResolution(subject.variantCount, random);
    default: {
      const run = procedures[subject.procedure];
      if (run === undefined) throw new RangeError(`no procedure ${subject.procedure}`);
      return tallyOf(run(subject.scenario, random), subject.scenario.effects);
    }
  }
}

parentPort?.on('message', (work: Work) => parentPort?.postMessage(simulate(work)));
