import { fileURLToPath } from 'node:url';
import type { Engine } from '../engine.ts';
import { processEngine } from '../process-engine.ts';

export const embeddedBackend = 'embedded onnxruntime (Node)';

const program = fileURLToPath(new URL('process.ts', import.meta.url));

/** Serves with a KServe server of this project's own, in a process of its own: nothing else need be installed. */
export function embeddedEngine(env: Readonly<Record<string, string | undefined>>): Engine {
  return processEngine({
    kind: 'embedded',
    name: 'the embedded server',
    command: [process.execPath, program],
    // The run's id stands on the command line, so that what is left of a run can be found by it.
    flags: (runId) => [`--run-id=${runId}`],
    env,
    identityOf: ({ version }) => ({ kind: 'embedded', version, backend: embeddedBackend, transferable: false }),
  });
}
