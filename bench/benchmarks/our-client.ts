import { parseArgs } from 'node:util';
import { irisModel } from '../engines/staged-repository.ts';
import { runClosedLoop } from '../load/closed-loop.ts';
import type { LoadMeasurement } from '../load/measurement.ts';
import { runOpenLoop } from '../load/open-loop.ts';
import { constantRate } from '../load/pacing/schedule.ts';
import type { LatencyRecord } from '../load/recorder.ts';
import { loadTransport, plainTarget } from '../load/transport.ts';
import type { Transport as TransportName } from '../plan/plan.ts';
import type { ClientReport } from './client-run.ts';
import { irisAnswer, irisInput } from './iris-question.ts';

/** The load generator as a process of its own, so that its cost is measured in the same way as that of the others. */
const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'http' },
    port: { type: 'string', default: '8000' },
    concurrency: { type: 'string', default: '8' },
    'requests-per-second': { type: 'string' },
    seconds: { type: 'string', default: '3' },
  },
});

const warmupNs = 200e6;
const transport = await loadTransport(values.transport as TransportName);
const target = plainTarget({ host: '127.0.0.1', port: Number(values.port) }, irisModel);
using carrier = transport.open(target, { shared: transport.sharesConnections });
const common = {
  carrier,
  requests: [{ ...transport.encode(target, irisInput), expected: irisAnswer }],
  batchSize: 1,
  windowNs: Number(values.seconds) * 1e9 - warmupNs,
  limitsNs: [],
  requestTimeoutNs: 10e9,
};
const rate = values['requests-per-second'];
const measurement = await (rate === undefined ? closed(Number(values.concurrency)) : open(Number(rate)));
process.stdout.write(`${JSON.stringify(reportOf(measurement))}\n`);

function closed(concurrency: number): Promise<LoadMeasurement> {
  return runClosedLoop({ ...common, concurrency, warmup: { minimumNs: warmupNs, minimumRequestCount: 200 } });
}

function open(requestsPerSecond: number): Promise<LoadMeasurement> {
  return runOpenLoop({
    ...common,
    warmupNs,
    pacing: { kind: 'constant', requestsPerSecond },
    schedule: constantRate(requestsPerSecond),
    // As perf_analyzer has by default: 4 threads with one request each. What waits meanwhile counts from when it was due.
    inFlight: { limit: 4, whenFull: 'wait' },
  });
}

function reportOf({ requestsPerSecond, latency, errors, schedule }: LoadMeasurement): ClientReport {
  const failedCount = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const sinceSend = meanAndP99(schedule?.service ?? latency);
  return {
    requestsPerSecond,
    meanLatencyNs: sinceSend.meanNs,
    p99LatencyNs: sinceSend.p99Ns,
    sinceDue: schedule === null ? null : meanAndP99(latency),
    errorCount: failedCount + (schedule?.droppedCount ?? 0),
  };
}

function meanAndP99({ sumNs, count, p99Ns }: LatencyRecord): { meanNs: number; p99Ns: number } {
  return { meanNs: sumNs / count, p99Ns };
}
