import type { LoadMeasurement } from '../measurement.ts';
import { nowNs } from '../transport.ts';
import type { OpenLoopAccount } from './account.ts';
import type { FirstRequests } from './first-requests.ts';
import type { ScheduleClock } from './schedule-clock.ts';

/** The accounts of a load that began at `startNs`, counted from there; all zero but the warm-up where its schedule never began. */
export function whatWasMeasured(
  account: OpenLoopAccount,
  first: FirstRequests,
  { clock, startNs }: { clock: ScheduleClock | undefined; startNs: number },
): Omit<LoadMeasurement, 'startedAt' | 'errors' | 'checkedCount' | 'client'> {
  const { warmCount, schedule, ...measured } = account.measurement();
  const began = clock !== undefined;
  const openNs = began ? clock.openNs - startNs : 0;
  return {
    ...measured,
    schedule: schedule === null ? null : { ...schedule, ...(clock?.isGivenUp ? { isGivenUp: true } : {}) },
    warmup: {
      durationNs: began ? openNs : nowNs() - startNs,
      requestCount: first.answeredCount + warmCount,
      firstRequestNs: first.firstRequestNs,
    },
    window: { openNs, closeNs: began ? clock.closeNs - startNs : 0 },
    pressureRatio: began ? 1 : 0,
  };
}
