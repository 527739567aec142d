import type { Timeline } from '../load/timeline.ts';
import { deviations, type Evidence, evidenceOf, noiseFrom } from '../stats/components.ts';
import { mean } from '../stats/moments.ts';
import type { Clock } from './clock.ts';
import type { Measurement } from './slice.ts';
import { samplingVariance } from './slice-length.ts';
import type { Warmup, Watched } from './warmup.ts';

/** What a few slices of two variants showed before the design was made. Standard deviations are of ln(value). */
export type Pilot = {
  /** Of one slice around the mean of its variant and server process. */
  readonly sliceSd: number;
  /** Of what differs between blocks beside, as far as so few server processes can tell it from nothing. */
  readonly blockSd: number;
  /** The share of a slice's variance that is due to the number of its requests. */
  readonly samplingRatio: number;
  readonly sliceCount: number;
  readonly processCount: number;
  readonly warmup: Warmup;
  readonly elapsedMs: number;
};

export type PilotPlan = {
  /** The most demanding variant and the baseline. */
  readonly variantIds: readonly string[];
  /** Puts the variant in force and measures one slice of it; null where that went wrong. */
  readonly measure: (variantId: string, warmupMs: number) => Promise<Measurement | null>;
  /** Puts the variant in force and watches it for longer, from the first request on; null where that went wrong. */
  readonly watch: (variantId: string) => Promise<Timeline | null>;
  readonly warmupOf: (watched: readonly Watched[]) => Warmup;
  /** Ends the server, so that what follows runs on another; null where every slice has a server of its own anyway. */
  readonly fresh: (() => Promise<void>) | null;
  /** ln of the objective in one slice. */
  readonly objectiveOf: (measurement: Measurement) => number;
  readonly clock: Clock;
  /** On that clock: nothing begins that is expected to end after it, but the least passes are made. */
  readonly untilMs: number;
  readonly expected: PilotTimes;
};

/** What the parts of a pilot are expected to take. */
export type PilotTimes = { readonly passMs: number; readonly watchMs: number; readonly freshMs: number };

/** In each server process: only slices that share one tell what varies inside it. */
export const passesPerProcess = 2;
export const mostProcesses = 3;
/** Where its time allows: six more on the last process halve what is not known of the noise, and each takes less than a second. */
export const mostPasses = 12;
/** A second look at how a variant settles, on a new process, is enough. */
const mostWatchedProcesses = 2;

/** What a pilot found, and the evidence on the noise for the design. */
export type PilotFound = { readonly pilot: Pilot; readonly evidence: readonly Evidence[] };

/**
 * Watches how the variants settle, then measures them in turns, as the blocks will, on up to three server processes: how long a
 * slice has to warm up on this host now, and how much slices and blocks vary. Nothing of it enters an estimate. Null where not
 * even two slices of a variant in one process could be used.
 */
export async function runPilot(plan: PilotPlan): Promise<PilotFound | null> {
  const startMs = plan.clock.nowMs();
  const watched: Watched[] = [];
  const processes: Slices[] = [];
  let passes = 0;
  while (processes.length < mostProcesses) {
    if (processes.length > 0 && !(await onFreshServer(plan))) break;
    if (processes.length < mostWatchedProcesses) await watchAll(plan, watched);
    const slices: Slices = new Map();
    processes.push(slices);
    for (let pass = 0; pass < passesPerProcess; pass += 1, passes += 1)
      await measureAll(plan, { slices, passes, watched });
  }
  const [last = new Map()] = processes.slice(-1);
  for (; passes < mostPasses && hasTimeFor(plan, plan.expected.passMs); passes += 1)
    await measureAll(plan, { slices: last, passes, watched });
  return found(plan, { processes, watched, elapsedMs: plan.clock.nowMs() - startMs });
}

/** Of one server process, by variant. */
type Slices = Map<string, Measurement[]>;

function hasTimeFor({ clock, untilMs }: PilotPlan, ms: number): boolean {
  return clock.nowMs() + ms <= untilMs;
}

async function onFreshServer(plan: PilotPlan): Promise<boolean> {
  const { passMs, freshMs } = plan.expected;
  if (plan.fresh === null || !hasTimeFor(plan, freshMs + passesPerProcess * passMs)) return false;
  await plan.fresh();
  return true;
}

/** Each variant for whose watching there is time beside that for the passes; the most demanding one settles last. */
async function watchAll(plan: PilotPlan, watched: Watched[]): Promise<void> {
  const { watchMs, passMs } = plan.expected;
  for (const variantId of plan.variantIds) {
    if (!hasTimeFor(plan, watchMs + passesPerProcess * passMs)) return;
    const timeline = await plan.watch(variantId);
    if (timeline !== null) watched.push({ variantId, timeline });
  }
}

type Pass = { readonly slices: Slices; readonly passes: number; readonly watched: readonly Watched[] };

async function measureAll(plan: PilotPlan, { slices, passes, watched }: Pass): Promise<void> {
  const { ms } = plan.warmupOf(watched);
  for (const id of passes % 2 === 0 ? plan.variantIds : plan.variantIds.toReversed()) {
    const measurement = await plan.measure(id, ms);
    if (measurement !== null && measurement.invalid.length === 0)
      slices.set(id, [...(slices.get(id) ?? []), measurement]);
  }
}

type Seen = { readonly processes: readonly Slices[]; readonly watched: readonly Watched[]; readonly elapsedMs: number };

function found({ variantIds, objectiveOf, warmupOf }: PilotPlan, seen: Seen): PilotFound | null {
  const cells = variantIds.map((id) => seen.processes.map((slices) => (slices.get(id) ?? []).map(objectiveOf)));
  const evidence = evidenceOf(cells);
  const inside = evidence.find(({ block }) => block === 0);
  const noise = noiseFrom(evidence);
  if (inside === undefined || noise === null) return null;
  const variance = inside.squares / inside.freedom;
  const sampling = mean(seen.processes.flatMap((slices) => [...slices.values()].flat().map(samplingVariance)));
  const pilot = {
    sliceSd: Math.sqrt(variance),
    blockSd: deviations(noise).blockSd,
    samplingRatio: variance === 0 ? 0 : Math.min(1, sampling / variance),
    sliceCount: cells.flat(2).length,
    processCount: seen.processes.length,
    warmup: warmupOf(seen.watched),
    elapsedMs: seen.elapsedMs,
  };
  return { pilot, evidence };
}
