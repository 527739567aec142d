import type { ScriptedStep } from '../testing/scripted-endpoint.ts';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../testing/scripted-model.ts';
import type { ScriptedServer } from '../testing/scripted-server.ts';
import { type ClosedLoop, type PreparedRequest, runClosedLoop } from './closed-loop.ts';
import { http } from './http/transport.ts';
import type { LoadMeasurement } from './measurement.ts';
import { plainTarget } from './transport.ts';

/** So many distinct requests for a scripted server, with their right answers. */
export function scriptedRequests(server: Pick<ScriptedServer, 'address'>, count: number, width = 1): PreparedRequest[] {
  return Array.from({ length: count }, (_, index) => {
    const input = scriptedInput([[index, 0.5, 1, 2]]);
    return {
      ...http.encode(plainTarget(server.address, scriptedModel), [input]),
      expected: scriptedOutputs(input, width),
    };
  });
}

/** A short load on a scripted server; what a test is about it says itself. */
export function loadOn(
  server: Pick<ScriptedServer, 'address'>,
  options: Partial<ClosedLoop> = {},
): Promise<LoadMeasurement> {
  return runClosedLoop({
    carrier: http.open(plainTarget(server.address, scriptedModel), { shared: false }),
    requests: scriptedRequests(server, 5),
    concurrency: 4,
    batchSize: 1,
    warmup: { minimumNs: 20e6, minimumRequestCount: 4 },
    windowNs: 200e6,
    requestTimeoutNs: 5e9,
    limitsNs: [],
    ...options,
  });
}

export function times(count: number, step: ScriptedStep): ScriptedStep[] {
  return Array.from({ length: count }, () => step);
}
