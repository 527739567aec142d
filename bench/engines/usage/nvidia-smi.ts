/** One GPU at one moment; null is what the driver does not tell. */
export type GpuReading = {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly smClockMhz: number | null;
  readonly memoryClockMhz: number | null;
  readonly powerW: number | null;
  readonly temperatureC: number | null;
  readonly utilisationRatio: number | null;
  readonly memoryUsedBytes: number | null;
  /** Why its clocks are lower than they could be, an idle GPU apart; null where that is not told. */
  readonly throttledBy: readonly ThrottleReason[] | null;
};

export type ThrottleReason = (typeof throttleBits)[number][1];

/** Bits of `clocks_throttle_reasons.active`, or `clocks_event_reasons.active`, which newer drivers call it. */
const throttleBits = [
  [0x002, 'application clocks'],
  [0x004, 'power cap'],
  [0x008, 'hardware slowdown'],
  [0x010, 'sync boost'],
  [0x020, 'software thermal slowdown'],
  [0x040, 'hardware thermal slowdown'],
  [0x080, 'power brake'],
  [0x100, 'display clocks'],
] as const;

export const throttleReasons = throttleBits.map(([, reason]) => reason);

/** What is asked for, in order; the name comes last since nothing keeps a comma out of it. */
const fields = [
  'index',
  'uuid',
  'clocks.sm',
  'clocks.mem',
  'power.draw',
  'temperature.gpu',
  'utilization.gpu',
  'memory.used',
] as const;

/** The queries to try, the first that a driver takes is the one. */
export const gpuQueries: readonly string[] = ['clocks_throttle_reasons.active', 'clocks_event_reasons.active'].map(
  (reasons) => [...fields, reasons, 'name'].join(','),
);

export const gpuFormat = '--format=csv,noheader,nounits';

const gpuMost = 64;
const textMost = 100;

/** Reads what `nvidia-smi --query-gpu=... --format=csv,noheader,nounits` prints, a line for each GPU; other lines are passed over. */
export function parseGpus(text: string): GpuReading[] {
  return text
    .split('\n')
    .slice(0, gpuMost)
    .flatMap((line) => parseGpu(line) ?? []);
}

function parseGpu(line: string): GpuReading | undefined {
  const words = line.split(',').map((word) => word.trim());
  const [index = '', uuid = '', smClock, memoryClock, power, temperature, utilisation, memory, reasons, ...name] =
    words;
  if (!/^\d{1,4}$/.test(index) || name.length === 0) return undefined;
  const percent = amount(utilisation);
  const mebibytes = amount(memory);
  return {
    index: Number(index),
    uuid: shown(uuid),
    name: shown(name.join(', ')),
    smClockMhz: amount(smClock),
    memoryClockMhz: amount(memoryClock),
    powerW: amount(power),
    temperatureC: amount(temperature),
    utilisationRatio: percent === null ? null : percent / 100,
    memoryUsedBytes: mebibytes === null ? null : mebibytes * 2 ** 20,
    throttledBy: throttledBy(reasons),
  };
}

/** Null for `[N/A]`, `[Not Supported]`, `[Unknown Error]` and whatever else is no number. */
function amount(word = ''): number | null {
  return /^\d{1,9}(\.\d{1,9})?$/.test(word) ? Number(word) : null;
}

function throttledBy(word = ''): ThrottleReason[] | null {
  if (!/^0x[0-9a-f]{1,16}$/i.test(word)) return null;
  const bits = BigInt(word);
  return throttleBits.flatMap(([bit, reason]) => ((bits & BigInt(bit)) === 0n ? [] : [reason]));
}

function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, textMost);
}
