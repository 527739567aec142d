import { type ClientCalibration, calibrateClient } from '../load/null-server/calibrate.ts';
import { latency, rate, share } from '../report/format.ts';
import type { Check } from '../run/checks.ts';

/** Protocols whose client a sweep or a load may use, in the order in which they are shown. */
const protocols = ['http', 'grpc'] as const;
/** Busy less than that, the client was not what kept the rate down. */
const busyUtilization = 0.9;
/** More than that, and something else had the client's processor. */
const waitedMost = 0.25;

/** What the client can do at the best, one after the other. Takes about 5 s; rejects with what `calibrateClient` does. */
export async function measureClient(signal: AbortSignal): Promise<ClientCalibration[]> {
  const found: ClientCalibration[] = [];
  for (const protocol of protocols) found.push(await calibrateClient({ protocol, signal }));
  return found;
}

/** The same as lines of the doctor. */
export function clientCheck(calibration: ClientCalibration): Check {
  const { protocol, concurrency, requestsPerSecond, addedLatencyNs, cpuPerRequestNs } = calibration;
  const { mean, p50, p99 } = addedLatencyNs;
  const least = calibration.eventLoopUtilization < busyUtilization ? 'at least' : 'at most';
  const waited = calibration.runQueueWaitRatio ?? 0;
  const disturbed = waited > waitedMost;
  return {
    what: `client ${protocol}`,
    status: disturbed ? 'warning' : 'ok',
    finding:
      `sends ${least} ${rate(requestsPerSecond)} (${concurrency} outstanding, ${latency(cpuPerRequestNs)} of processor time each); ` +
      `adds ${latency(mean)} on average, ${latency(p50)} p50, ${latency(p99)} p99 (1 outstanding)`,
    advice: `against a null server that shares this host's cores: ${disturbed ? `something else had the client's ${share(waited)} of the time, measure again on a quiet host` : meaning[least]}`,
  };
}

const meaning = {
  'at least': 'with a core of its own the client can do more',
  'at most': 'a server that could answer more is measured as if it could not',
} as const;
