import type { Placement } from '../engines/placement/choose.ts';
import { Failure } from '../failure.ts';
import type { Candidate } from './candidates.ts';
import type { Environment } from './environment.ts';
import { compareEnvironments, modelFiles } from './environment-differences.ts';
import type { RunRecord } from './record.ts';

/** What a run may not change between its beginning and its going on, as it is now. */
export type Present = {
  readonly candidates: readonly Candidate[];
  readonly environment: Environment;
  readonly inputMd5: string;
  readonly placement: Placement;
};

/** @throws Failure (results), naming what differs, where measurements of two different things would be mixed. */
export function checkUnchanged(record: RunRecord, present: Present): void {
  const changed = changesSince(record, present);
  if (changed.length === 0) return;
  throw new Failure(
    'results',
    'changed',
    `changed since the run of ${record.startedAt} was begun: ${changed.join(', ')}`,
    {
      hint: 'measurements of two different things cannot be mixed: undo the change, or start a new sweep',
    },
  );
}

/** What differs from a run's beginning, in words; of many things the first four and how many more there are. */
export function changesSince(record: RunRecord, { candidates, environment, inputMd5, placement }: Present): string[] {
  const differing = compareEnvironments(record.environment, environment).differences.filter(({ forbids }) => forbids);
  const configs = candidates
    .filter(({ variant, configText }) => record.configs[variant.id] !== configText)
    .map(({ variant }) => `the configuration of ${variant.id}`);
  const changed = [
    ...configs,
    ...differing.filter(({ what }) => what === modelFiles).map(({ what }) => what),
    ...(record.inputMd5 === inputMd5 ? [] : [`the rows in ${record.plan.load.input}`]),
    ...differing
      .filter(({ what }) => what !== modelFiles)
      .map(({ what, before, now }) => `${what} (${before}; now ${now})`),
    ...(same(cpusOf(record.placement), cpusOf(placement))
      ? []
      : [`the CPUs of server and client (${inWords(record.placement)}; now ${inWords(placement)})`]),
  ];
  return changed.length <= 5 ? changed : [...changed.slice(0, 4), `${changed.length - 4} more`];
}

function cpusOf({ divided, server, client, memoryNodes }: Placement): unknown {
  return [divided, server, client, memoryNodes];
}

function inWords({ divided, server, client }: Placement): string {
  return divided ? `${server} and ${client}` : `${server} for both`;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
