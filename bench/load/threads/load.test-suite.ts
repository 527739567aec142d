import { scriptedModel } from '../../testing/scripted-model.ts';
import type { ScriptedServer } from '../../testing/scripted-server.ts';
import { scriptedRequests } from '../scripted-load.test-suite.ts';
import { plainTarget } from '../transport.ts';
import type { LoadSpec } from './load-spec.ts';

/** A short load on a scripted server; what a test is about it says itself. */
export function scriptedLoad(server: Pick<ScriptedServer, 'address'>, given: Partial<LoadSpec> = {}): LoadSpec {
  return {
    transport: 'http',
    target: plainTarget(server.address, scriptedModel),
    shared: false,
    requests: scriptedRequests(server, 5),
    pacing: { kind: 'closed', concurrency: 4 },
    batchSize: 1,
    warmup: { minimumNs: 20e6, minimumRequestCount: 4 },
    windowNs: 200e6,
    limitsNs: [],
    requestTimeoutNs: 5e9,
    threads: 1,
    ...given,
  };
}
