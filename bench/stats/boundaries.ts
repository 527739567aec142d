import { normalQuantile, normalUpperTail } from './normal.ts';

/**
 * Critical values of the normal statistic at each look, one-sided, for a test that is looked at after the information
 * `fractions` (ascending to at most 1) and may have spent `spent` of its error by then (both cumulative). They come from
 * the joint distribution of the looks: a false alarm that an earlier look has raised already is not paid for twice.
 * Recursive integration over the statistic without a crossing so far (Armitage, McPherson and Rowe; Lan and DeMets).
 */
export function jointCriticalValues(fractions: readonly number[], spent: readonly number[]): number[] {
  const critical: number[] = [];
  let path: Path | null = null;
  for (const [look, fraction] of fractions.entries()) {
    const share = (spent[look] ?? 0) - (spent[look - 1] ?? 0);
    const c = path === null ? -normalQuantile(share) : solveCrossing(path, fraction, share);
    critical.push(c);
    path = survive(path, fraction, { critical: c, drift: 0 });
  }
  return critical;
}

/**
 * The probability to have crossed by the last look, where the statistic has the mean drift * sqrt(fraction): `drift` is its
 * mean once all information is there.
 */
export function crossingProbability(fractions: readonly number[], critical: readonly number[], drift: number): number {
  let crossed = 0;
  let path: Path | null = null;
  for (const [look, fraction] of fractions.entries()) {
    const c = critical[look] ?? Number.POSITIVE_INFINITY;
    crossed += path === null ? normalUpperTail(c - drift * Math.sqrt(fraction)) : crossing(path, fraction, c, drift);
    path = survive(path, fraction, { critical: c, drift });
  }
  return crossed;
}

/** The density of B(t) (mean drift * t, variance t) on paths that have crossed no boundary, weighted for integration. */
type Path = { readonly fraction: number; readonly at: readonly number[]; readonly mass: readonly number[] };

type Boundary = { readonly critical: number; readonly drift: number };

const points = 101;
const reach = 8;

function survive(before: Path | null, fraction: number, { critical, drift }: Boundary): Path {
  const scale = Math.sqrt(fraction);
  const low = drift * fraction - reach * scale;
  const high = Math.max(low + 1e-9, Math.min(critical * scale, drift * fraction + reach * scale));
  const step = (high - low) / (points - 1);
  const at = Array.from({ length: points }, (_, index) => low + index * step);
  const mass = at.map((value, index) => simpson(index) * (step / 3) * densityAt(before, fraction, value, drift));
  return { fraction, at, mass };
}

function simpson(index: number): number {
  if (index === 0 || index === points - 1) return 1;
  return index % 2 === 1 ? 4 : 2;
}

function densityAt(before: Path | null, fraction: number, value: number, drift: number): number {
  const elapsed = fraction - (before?.fraction ?? 0);
  const scale = Math.sqrt(elapsed);
  const gaussian = (x: number): number =>
    Math.exp(-0.5 * ((x - drift * elapsed) / scale) ** 2) / (scale * Math.sqrt(2 * Math.PI));
  if (before === null) return gaussian(value);
  return before.at.reduce((sum, from, index) => sum + (before.mass[index] ?? 0) * gaussian(value - from), 0);
}

function crossing({ fraction: from, at, mass }: Path, fraction: number, critical: number, drift: number): number {
  const elapsed = fraction - from;
  const boundary = critical * Math.sqrt(fraction) - drift * elapsed;
  return at.reduce(
    (sum, value, index) => sum + (mass[index] ?? 0) * normalUpperTail((boundary - value) / Math.sqrt(elapsed)),
    0,
  );
}

/** Newton's method on ln P, kept inside a bracket. */
function solveCrossing(path: Path, fraction: number, share: number): number {
  let [low, high] = [-reach, 4 * reach];
  let critical = -normalQuantile(share);
  for (let step = 0; step < 100; step++) {
    const crossed = crossing(path, fraction, critical, 0);
    if (crossed > share) low = critical;
    else high = critical;
    const density = densityAt(path, fraction, critical * Math.sqrt(fraction), 0) * Math.sqrt(fraction);
    const newton = critical + (crossed * Math.log(crossed / share)) / density;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - critical) < 1e-12) return next;
    critical = next;
  }
  return critical;
}
