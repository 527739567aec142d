import type { Engine } from '../engine.ts';
import { processEngine } from '../process-engine.ts';
import { standInBackend, standInServerId } from './installation.ts';

/** A `tritonserver` of this host and what it needs to run. */
export type LocalProgram = {
  readonly tritonserver: string;
  /** Flags that this binary needs each time, such as where its backends are. */
  readonly flags: readonly string[];
  /** The whole environment of the server. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long it may take to answer ready; 60 s where it is not given. */
  readonly readyTimeoutMs?: number;
};

/** Serves with a `tritonserver` process of this host, in a process group that ends with this process. */
export function localEngine({ tritonserver, flags, ...rest }: LocalProgram): Engine {
  return processEngine({
    ...rest,
    kind: 'local',
    name: 'tritonserver',
    command: [tritonserver],
    flags: (runId) => [`--backend-config=python,shm-region-prefix-name=${runId}`, ...flags],
    identityOf: ({ name, version }) => {
      const isStandIn = name === standInServerId;
      return {
        kind: 'local',
        version,
        backend: isStandIn ? standInBackend : "Triton's own backends",
        transferable: !isStandIn,
      };
    },
  });
}
