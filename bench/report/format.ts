/** Stands wherever there is no number to show. */
export const noValue = 'n/a';

const space = '\u00a0';
const minus = '\u2212';

type Value = number | null;

/** A count: `12 589`. Groups of three are parted, and units set off, by a no-break space, here and in all others below. */
export function count(value: Value): string {
  return known(value) ? grouped(value, 0) : noValue;
}

/** A count with what is counted: `1 block`, `12 blocks`. */
export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** A rate in 1/s: `12 589/s`; three significant digits below 100. */
export function rate(requestsPerSecond: Value): string {
  return known(requestsPerSecond) ? `${threeDigits(requestsPerSecond)}/s` : noValue;
}

/** Processor time per 1 000 inferences: `0.182 s`, three significant digits. */
export function cpuSeconds(seconds: Value): string {
  return known(seconds) ? `${threeDigits(seconds)}${space}s` : noValue;
}

/** A latency in ns, with three significant digits in the unit that suits it: `250 µs`, `1.25 ms`, `30.6 s`. */
export function latency(latencyNs: Value): string {
  if (!known(latencyNs)) return noValue;
  const [unit, scaled] = scaledToUnit(latencyNs);
  return `${threeDigits(scaled)}${space}${unit}`;
}

/** A difference as a ratio minus 1: `+4.5 %`, `−12.0 %`; whole per cents from 100 % on. */
export function change(ratioMinusOne: Value): string {
  if (!known(ratioMinusOne)) return noValue;
  const inPercent = ratioMinusOne * 100;
  if (!Number.isFinite(inPercent)) return noValue;
  const text = grouped(inPercent, Math.abs(Number(inPercent.toFixed(1))) < 100 ? 1 : 0);
  const signed = text.startsWith(minus) || Number(text) === 0 ? text : `+${text}`;
  return `${signed}${space}%`;
}

/** A part of a whole or a margin, without a sign: `5 %`, `98.3 %`; at most three significant digits. */
export function share(ratio: Value): string {
  if (!known(ratio)) return noValue;
  return `${trimmed(ratio * 100)}${space}%`;
}

/** A length of time in ms: `300 ms`, `8.2 s`, `3 min 57 s`, `1 h 2 min`. */
export function duration(durationMs: Value): string {
  if (!known(durationMs)) return noValue;
  if (Number(durationMs.toPrecision(3)) < 1000) return `${trimmed(durationMs)}${space}ms`;
  if (Number((durationMs / 1000).toPrecision(3)) < 60) return `${trimmed(durationMs / 1000)}${space}s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${space}min ${seconds % 60}${space}s`;
  const minutes = Math.round(seconds / 60);
  return `${grouped(Math.floor(minutes / 60), 0)}${space}h ${minutes % 60}${space}min`;
}

/** A rough length of time in whole minutes, rounded up: `3 minutes`. */
export function minutes(value: Value): string {
  if (!known(value)) return noValue;
  const whole = Math.ceil(value);
  return whole <= 1 ? 'a minute' : `${grouped(whole, 0)} minutes`;
}

/** A number without a unit, at most three significant digits: `3.41`. */
export function plainNumber(value: Value): string {
  return known(value) ? trimmed(value) : noValue;
}

/** An amount of memory: `512 MiB`, `1.25 GiB`; three significant digits below 100. */
export function memorySize(bytes: Value): string {
  if (!known(bytes)) return noValue;
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024 ? `${trimmed(mebibytes)}${space}MiB` : `${trimmed(mebibytes / 1024)}${space}GiB`;
}

/** `+1.2 % to +7.9 %`, both ends through the same formatter. */
export function interval(estimate: { lower: Value; upper: Value }, format: (value: Value) => string): string {
  if (!known(estimate.lower) || !known(estimate.upper)) return noValue;
  return `${format(estimate.lower)} to ${format(estimate.upper)}`;
}

function known(value: Value): value is number {
  return value !== null && Number.isFinite(value);
}

function scaledToUnit(latencyNs: number): [string, number] {
  const units = [
    ['ns', 1],
    ['µs', 1e3],
    ['ms', 1e6],
  ] as const;
  for (const [unit, factor] of units) {
    const scaled = latencyNs / factor;
    if (Math.abs(Number(scaled.toPrecision(3))) < 1000) return [unit, scaled];
  }
  return ['s', latencyNs / 1e9];
}

/** Three significant digits, trailing zeros kept; all digits of what is 100 or more. */
function threeDigits(value: number): string {
  const rounded = Math.abs(Number(value.toPrecision(3)));
  if (rounded === 0) return '0';
  if (rounded < 1e-6) return withMinus(value.toExponential(2));
  return grouped(value, Math.max(0, 2 - Math.floor(Math.log10(rounded))));
}

function trimmed(value: number): string {
  if (Math.abs(value) >= 100) return grouped(value, 0);
  return withMinus(String(Number(value.toPrecision(3))));
}

function grouped(value: number, decimals: number): string {
  if (Math.abs(value) >= 1e15) return withMinus(value.toExponential(2));
  const [whole = '', fraction] = value.toFixed(decimals).split('.');
  const parted = whole.replace(/\B(?=(\d{3})+$)/g, space);
  const text = fraction === undefined ? parted : `${parted}.${fraction}`;
  return Number(value.toFixed(decimals)) === 0 ? text.replace('-', '') : withMinus(text);
}

function withMinus(text: string): string {
  return text.replaceAll('-', minus);
}
