/** The stretch of gains that a picture shows, as ratios minus 1: `low` < 0 < `high`. */
export type GainScale = { readonly low: number; readonly high: number };

type Gain = { readonly point: number; readonly lower: number; readonly upper: number };

/**
 * Shows zero, the practical margin and all that may still matter: the whole intervals of those that may be better than the baseline or
 * close to it. What is clearly worse does not squeeze the others: it may lie outside, as may the far end of a very wide interval.
 */
export function gainScale(gains: readonly Gain[], practicalMargin: number): GainScale {
  const contenders = gains.filter(({ upper }) => upper > -practicalMargin);
  const points = contenders.map(({ point }) => Math.abs(point));
  const reach = 1.5 * Math.max(0.05, 2 * practicalMargin, ...points.map((point) => 2 * Math.min(point, largest)));
  const ends = contenders.flatMap(({ lower, upper }) => [Math.max(lower, -reach), Math.min(upper, reach)]);
  const most = Math.max(practicalMargin, ...ends.map(Math.abs));
  const low = Math.min(-practicalMargin, ...ends, ...gains.map(({ lower }) => Math.max(lower, -1.5 * most)));
  const high = Math.max(practicalMargin, ...ends);
  const room = (high - low) * 0.04;
  return { low: low - room, high: high + room };
}

/** Where a gain lies between 0 (`low`) and 1 (`high`); what is outside sits at the edge. */
export function positionOn(scale: GainScale, gain: number): number {
  return Math.min(1, Math.max(0, (gain - scale.low) / (scale.high - scale.low)));
}

export function isOutside(scale: GainScale, gain: number): boolean {
  return gain < scale.low || gain > scale.high;
}

/** Round gains to label, two to five of them, from left to right. */
export function gainTicks(scale: GainScale): number[] {
  const length = scale.high - scale.low;
  const power = 10 ** Math.floor(Math.log10(length / 5));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= length / 5) ?? 10);
  const first = Math.ceil((scale.low + length * 0.03) / step);
  const last = Math.floor((scale.high - length * 0.03) / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** Nothing real is a million times faster. */
const largest = 1e6;
