import { describe } from 'node:test';
import { describeFailing, describeLifetime } from './contract-lifetime.ts';
import { describeServing } from './contract-serving.ts';
import type { Engine } from './engine.ts';

export type ContractOptions = {
  readonly makeEngine: () => Engine;
  /** Why none of it can run here. */
  readonly skip?: string;
  /** What servers of this process have left behind: processes, shared memory, containers; empty when all is well. */
  readonly leftovers: () => readonly string[];
  /** Its servers are started by something else: their process, their ports and their log are not the engine's. */
  readonly attached?: true;
};

/** What every engine keeps, run by each engine's own test. */
export function engineContract(name: string, options: ContractOptions): void {
  describe(`the ${name} engine`, options.skip === undefined ? {} : { skip: options.skip }, () => {
    describeServing(options);
    describeLifetime(options);
    describeFailing(options);
  });
}
