import { clientLimits } from '../load/client-limits.ts';
import { mean } from '../stats/moments.ts';
import { trend } from '../stats/order-effects.ts';
import { studentUpperQuantile } from '../stats/student.ts';
import type { Finding } from './finding.ts';
import { failedCount, type History, type MeasuredSlice } from './history.ts';
import { strainDuring } from './host-strain.ts';
import { loadIn } from './levels.ts';
import type { RunRecord } from './record.ts';

/** A change of the host's speed that is smaller than this explains nothing. */
const slowdownLeast = 0.05;
/** Of the time that the client's thread was busy: above it a burst waits in the client. */
const busyMost = 0.7;
const littleMost = 0.05;
const stealMost = 0.02;
const pressureLeast = 0.98;

/** What the slices say of the host and of the client, whatever they say of the variants. */
export function diagnoseHost({ plan, design }: RunRecord, { blocks, besideOthers }: History): Finding[] {
  const lines = blocks.flatMap(({ slices }) => slices.filter((line) => line.status === 'measured'));
  const byVariant = [...Map.groupBy(lines, ({ slice }) => slice.variantId)];
  return [
    ...throttling(blocks),
    ...stolen(lines),
    ...byVariant.flatMap(([id, own]) => failures(id, own)),
    ...measuredBeside(besideOthers, blocks.length),
    ...byVariant.flatMap(([id, own]) => clientLimit(id, own)),
    ...byVariant.flatMap(([id, own]) => nearTheLimit(id, own)),
    ...byVariant.flatMap(([id, own]) => pressure(id, own)),
    ...byVariant.flatMap(([id, own]) => little(id, own, loadIn({ plan, design }, id).pacing.concurrency)),
  ];
}

/** The probe of the host's speed before each slice has nothing to do with the variants: where it falls, the host slowed down. */
function throttling(blocks: History['blocks']): Finding[] {
  const probes = blocks.flatMap(({ slices }) => {
    const own = slices.flatMap((line) =>
      line.status === 'measured' ? line.measurement.hostProbe.iterationsPerUs : [],
    );
    const usable = own.filter((value) => value > 0);
    return usable.length === 0 ? [] : [mean(usable.map(Math.log))];
  });
  const slope = trend(probes);
  if (slope === null || slope.t > -studentUpperQuantile(0.025, slope.degreesOfFreedom)) return [];
  const slowdown = -Math.expm1(slope.slope * (probes.length - 1));
  if (slowdown < slowdownLeast) return [];
  return [
    {
      kind: 'throttling',
      variantId: null,
      what: 'the host itself computed more slowly from block to block, by the end',
      value: `${(slowdown * 100).toFixed(0)} %`,
      advice:
        'Comparisons are inside blocks and stand; for absolute numbers fix the clock (governor performance), cool the host, or stop what runs beside it.',
    },
  ];
}

function measuredBeside(besideOthers: readonly number[], blockCount: number): Finding[] {
  if (besideOthers.length === 0) return [];
  return [
    {
      kind: 'other run',
      variantId: null,
      what: 'blocks in which another run measured on this host as well (--share-host)',
      value: `${besideOthers.length} of ${blockCount}`,
      advice: 'Comparisons are inside blocks; absolute numbers are too low. Measure again with the host for yourself.',
    },
  ];
}

/** A guest cannot do anything about it, and its numbers are those of a smaller host. */
function stolen(slices: readonly MeasuredSlice[]): Finding[] {
  const { stealRatio, worstStealRatio } = strainDuring(slices);
  if (stealRatio === 'unknown' || worstStealRatio === 'unknown' || stealRatio <= stealMost) return [];
  return [
    {
      kind: 'steal',
      variantId: null,
      what: "the hypervisor gave some of this host's processor time to others",
      value: `${(stealRatio * 100).toFixed(1)} % on the average, ${(worstStealRatio * 100).toFixed(0)} % in the worst slice`,
      advice: 'Comparisons are inside blocks and stand; for absolute numbers use a host of your own.',
    },
  ];
}

/** A claim rests on the slices without a failure, however few they are of all. */
function failures(variantId: string, slices: readonly MeasuredSlice[]): Finding[] {
  const failing = slices.filter((line) => failedCount(line) > 0);
  if (failing.length === 0) return [];
  return [
    {
      kind: 'failed requests',
      variantId,
      what: 'slices in which requests failed; they were left out of rates and latencies and measured again, and count against limits on percentiles',
      value: `${failing.length} of ${slices.length}`,
      advice: 'See the errors in the table of variants and the log of the server before this is deployed.',
    },
  ];
}

function clientLimit(variantId: string, slices: readonly MeasuredSlice[]): Finding[] {
  const limited = slices.filter(({ measurement }) => clientLimits(measurement).length > 0);
  if (limited.length === 0) return [];
  return [
    {
      kind: 'client limit',
      variantId,
      what: 'slices in which the client was the limit; they were left out and measured again',
      value: `${limited.length} of ${slices.length}`,
      advice:
        'Give the client processors of its own, or another host: a variant with more of these than the others is seen at its better moments alone.',
    },
  ];
}

function nearTheLimit(variantId: string, slices: readonly MeasuredSlice[]): Finding[] {
  const busy = median(slices.filter(isValid).map(({ measurement }) => measurement.client.eventLoopUtilization));
  if (busy === null || busy <= busyMost) return [];
  return [
    {
      kind: 'busy client',
      variantId,
      what: 'the client was busy most of the time: a part of the latency is its own, and differences seem smaller than they are',
      value: `${(busy * 100).toFixed(0)} %`,
      advice: 'Give the client processors of its own, or a lower load.',
    },
  ];
}

function pressure(variantId: string, slices: readonly MeasuredSlice[]): Finding[] {
  const slack = slices.filter(
    ({ measurement }) => measurement.requestCount > 0 && measurement.pressureRatio < pressureLeast,
  );
  if (slack.length === 0) return [];
  return [
    {
      kind: 'pressure',
      variantId,
      what: 'slices in which fewer requests were outstanding than asked for; they were left out and measured again',
      value: `${slack.length} of ${slices.length}`,
      advice: 'The client did not keep up: see what else the host does, or give the client a processor of its own.',
    },
  ];
}

/** Outstanding = rate x latency: where the three do not agree, one of them is not what it seems. */
function little(variantId: string, slices: readonly MeasuredSlice[], concurrency: number): Finding[] {
  const ratio = median(
    slices.filter(isValid).map(({ measurement: { latency, requestsPerSecond } }) => {
      return ((latency.sumNs / latency.count / 1e9) * requestsPerSecond) / concurrency;
    }),
  );
  if (ratio === null || Math.abs(ratio - 1) <= littleMost) return [];
  return [
    {
      kind: "Little's law",
      variantId,
      what: 'rate times mean latency differs from the requests outstanding; it is of that number',
      value: `${(ratio * 100).toFixed(0)} %`,
      advice:
        'Slices are too short for their latency, or the client stood still in them: use a longer budget or a quieter host.',
    },
  ];
}

function isValid({ measurement }: MeasuredSlice): boolean {
  return measurement.invalid.length === 0;
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
