import type { Server } from '../engines/engine.ts';
import type { Slice } from '../plan/plan.ts';
import type { Candidate } from './candidates.ts';
import type { Clock } from './clock.ts';
import { serverFacts } from './flag-proof.ts';
import type { ServerLine } from './journal.ts';

/** To be told of every slice's server. */
export type ServerWatch = (server: Server, of: { slice: Slice; candidate: Candidate }) => void;

/** Writes one line for each server process, when the first variant is in force on it. */
export function watchServers(append: (line: ServerLine) => void, clock: Clock): ServerWatch {
  let last: Server | undefined;
  return (server, { slice, candidate }) => {
    if (server === last) return;
    last = server;
    const { block, attempt } = slice;
    const stage = slice.stage === 'pilot' ? 'screen' : slice.stage;
    const at = clock.wallTime().toISOString();
    append({ kind: 'server', stage, block, attempt, ...serverFacts(server, candidate.variant.settings), at });
  };
}
