import { resolve } from 'node:path';
import { Failure } from '../failure.ts';
import { parseLevels } from '../load/levels/range.ts';
import { unboundedInFlight } from '../load/open-loop.ts';
import type { Schedule } from '../load/pacing/schedule.ts';
import { readTrace } from '../load/pacing/trace.ts';
import { laneCountOf } from '../load/threads/load-spec.ts';
import type { LoadPacing } from '../load/threads/run-load.ts';
import { parseDurationMs } from '../plan/quantity.ts';
import type { LoadOptions } from './load-options.ts';
import { longestMs } from './load-values.ts';

/** The levels of a load, and how each is paced. */
export type Pacings = {
  readonly kind: 'concurrency' | 'rate' | 'trace' | 'ramp';
  /** Ascending; what is no range has one. */
  readonly levels: readonly number[];
  pacing(level: number): LoadPacing;
  /** How long the whole of it takes; null where it has no end. */
  readonly durationMs: number | null;
};

const highestConcurrency = 16_384;
const highestRate = 10_000_000;

/** @throws Failure (usage) for options that do not go together, and for ranges and files that cannot be read. */
export async function readPacings(options: LoadOptions, cwd: string): Promise<Pacings> {
  const { concurrencyRange, requestRateRange, requestIntervals, ramp } = options;
  const given = {
    '--concurrency-range': concurrencyRange,
    '--request-rate-range': requestRateRange,
    '--request-intervals': requestIntervals,
    '--ramp': ramp,
  };
  const named = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (named.length > 1) throw conflict(`${named.join(' and ')} exclude one another`, 'leave one of them');
  if (options.requestDistribution !== undefined && requestRateRange === undefined) {
    throw conflict('--request-distribution is about a rate', 'add --request-rate-range, or leave it out');
  }
  const isOpen = requestRateRange !== undefined || requestIntervals !== undefined || ramp !== undefined;
  if (!isOpen && (options.maxInFlight !== undefined || options.whenFull !== undefined)) {
    throw conflict(
      '--max-in-flight and --when-full are about requests that follow a rate',
      'use --concurrency-range alone, or add --request-rate-range',
    );
  }
  if (requestRateRange !== undefined) return rates(requestRateRange, options);
  if (requestIntervals !== undefined) {
    const schedule = await readTrace(resolve(cwd, requestIntervals), 'gaps-us');
    return trace(requestIntervals, schedule, options);
  }
  if (ramp !== undefined) return rampOf(ramp, options);
  const levels = parseLevels(concurrencyRange ?? '1', { whole: true });
  within(levels, highestConcurrency, 'requests outstanding');
  return { kind: 'concurrency', levels, durationMs: null, pacing: (concurrency) => ({ kind: 'closed', concurrency }) };
}

/** Each thread of a rate has a second one, which sleeps for it. */
const mostThreadsOfRate = 128;

/** @throws Failure (usage) for more threads than one process should have. */
export function checkThreads(threads: 'auto' | number, { kind, levels, pacing }: Pacings): void {
  if (kind === 'concurrency' || threads === 'auto') return;
  // A thread for which no request is left to be outstanding is not started.
  const threadCount = Math.min(threads, laneCountOf(pacing(levels.at(-1) ?? 1)));
  if (threadCount <= mostThreadsOfRate) return;
  throw conflict(
    `${threadCount} threads of a rate would be ${2 * threadCount}, as each has a second one that sleeps for it`,
    `write --threads auto, or ${mostThreadsOfRate} at most`,
  );
}

function rates(text: string, options: LoadOptions): Pacings {
  const levels = parseLevels(text, { whole: false });
  within(levels, highestRate, 'requests per second');
  const inFlight = inFlightOf(options);
  const { requestDistribution = 'constant', randomSeed: seed } = options;
  return {
    kind: 'rate',
    levels,
    durationMs: null,
    pacing: (requestsPerSecond) =>
      requestDistribution === 'poisson'
        ? { kind: 'poisson', requestsPerSecond, seed, inFlight }
        : { kind: 'constant', requestsPerSecond, inFlight },
  };
}

function trace(file: string, schedule: Schedule, options: LoadOptions): Pacings {
  const inFlight = inFlightOf(options);
  return { kind: 'trace', levels: [1], durationMs: null, pacing: () => ({ kind: 'trace', file, schedule, inFlight }) };
}

function rampOf(text: string, options: LoadOptions): Pacings {
  const [from = '', to = '', time = '', ...more] = text.split(':');
  const [fromPerSecond, toPerSecond] = [from, to].map((word) =>
    /^\d+(\.\d+)?$/.test(word) ? Number(word) : Number.NaN,
  );
  const durationMs = parseDurationMs(time);
  const readable =
    fromPerSecond !== undefined && toPerSecond !== undefined && durationMs !== undefined && more.length === 0;
  if (!readable || !(fromPerSecond + toPerSecond > 0)) {
    throw conflict(
      `the ramp ${JSON.stringify(text)} cannot be read`,
      'write FROM:TO:TIME, requests per second and a time: 10:1000:30s',
    );
  }
  if (durationMs > longestMs)
    throw conflict(`the ramp ${JSON.stringify(text)} takes longer than a day`, 'ask for less');
  within([Math.max(fromPerSecond, toPerSecond)], highestRate, 'requests per second');
  if (options.measurementInterval !== undefined || options.warmUp !== undefined) {
    throw conflict(
      'a ramp says itself how long it is, and is measured whole',
      'leave --measurement-interval and --warm-up out',
    );
  }
  const inFlight = inFlightOf(options);
  const durationNs = durationMs * 1e6;
  return {
    kind: 'ramp',
    levels: [1],
    durationMs,
    pacing: () => ({ kind: 'ramp', fromPerSecond, toPerSecond, durationNs, inFlight }),
  };
}

function inFlightOf({ maxInFlight, whenFull }: LoadOptions): { limit: number; whenFull: 'wait' | 'drop' } {
  if (maxInFlight !== undefined) within([maxInFlight], highestConcurrency, 'requests outstanding');
  return {
    limit: maxInFlight ?? unboundedInFlight.limit,
    whenFull: whenFull ?? (maxInFlight === undefined ? unboundedInFlight.whenFull : 'wait'),
  };
}

function within(levels: readonly number[], most: number, what: string): void {
  const beyond = levels.find((level) => level > most);
  if (beyond === undefined) return;
  throw conflict(`${beyond} ${what} are more than ${most}, the most of one load`, `ask for ${most} at most`);
}

export function conflict(message: string, hint: string): Failure {
  return new Failure('usage', 'options', message, { hint });
}
