import { seededRandom } from '../../random.ts';

/**
 * When requests are to be sent: intended times in ns from the start of the load, ascending. Pure arithmetic, without clock
 * or sleep; each iteration begins anew and gives the same times.
 */
export type Schedule = Iterable<number>;

/** One request every 1/rate seconds, the first at 0, without end. */
export function constantRate(requestsPerSecond: number): Schedule {
  const rate = positive(requestsPerSecond);
  return iterable(function* () {
    // Each from its own number: a sum of gaps would drift.
    for (let index = 0; ; index += 1) yield (index * 1e9) / rate;
  });
}

/** As many independent users send: gaps are exponential, the first before the first request; without end. */
export function poisson(requestsPerSecond: number, seed: number): Schedule {
  const meanGapNs = 1e9 / positive(requestsPerSecond);
  return iterable(function* () {
    const random = seededRandom(seed);
    for (let atNs = 0; ; ) {
      atNs -= Math.log(1 - random.next()) * meanGapNs;
      yield atNs;
    }
  });
}

/** A rate that goes from one value to another in equal steps of time, and ends there. Either may be 0, not both. */
export function ramp(fromPerSecond: number, toPerSecond: number, durationNs: number): Schedule {
  if (fromPerSecond === 0 && toPerSecond === 0)
    throw new RangeError('a ramp from 0 to 0 requests per second sends none');
  const from = fromPerSecond === 0 ? 0 : positive(fromPerSecond);
  const to = toPerSecond === 0 ? 0 : positive(toPerSecond);
  const seconds = positive(durationNs) / 1e9;
  const rise = (to - from) / seconds;
  return iterable(function* () {
    const count = ((from + to) / 2) * seconds;
    for (let index = 0; index < count; index += 1) {
      // Request i is due when from t + rise t^2 / 2 = i; solved without a difference of nearly equal numbers.
      const root = Math.sqrt(Math.max(0, from ** 2 + 2 * rise * index));
      yield index === 0 ? 0 : ((2 * index) / (from + root)) * 1e9;
    }
  });
}

/**
 * The part of the schedule that one of `count` threads sends, `index` from 0: every count-th request, so that together
 * they send each request once.
 */
export function split(schedule: Schedule, index: number, count: number): Schedule {
  if (!(Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count)) {
    throw new RangeError(`there is no part ${index} of ${count}`);
  }
  return iterable(function* () {
    let place = 0;
    for (const atNs of schedule) {
      if (place % count === index) yield atNs;
      place += 1;
    }
  });
}

function iterable(times: () => Iterator<number>): Schedule {
  return { [Symbol.iterator]: times };
}

function positive(value: number): number {
  if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`a schedule needs a number above 0, not ${value}`);
  return value;
}
