import { InvalidArgumentError } from 'commander';
import { parseDurationMs } from '../plan/quantity.ts';

/** A time in ms; perf_analyzer's plain numbers are ms as well. Each of these is what commander turns into a usage error. */
export function timeOption(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (parseDurationMs(text) ?? 0);
  if (value > 0 && value <= longestMs) return value;
  throw new InvalidArgumentError('write a time such as 500ms, 5s or 2m, or a plain number of ms, up to a day');
}

/** A day. */
export const longestMs = 86_400_000;

/** A count of threads, or `auto`. */
export function threadsOption(text: string): 'auto' | number {
  if (text === 'auto') return text;
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 256) return value;
  throw new InvalidArgumentError('write auto, or a whole number from 1 to 256');
}

/** Above 0, up to 100, with or without its sign. */
export function percentOption(text: string): number {
  const value = /^\d+(\.\d+)?%?$/.test(text) ? Number(text.replace('%', '')) : 0;
  if (value > 0 && value <= 100) return value;
  throw new InvalidArgumentError('write a number above 0, up to 100');
}

/** Between 0 and 100: 99.9. */
export function percentileOption(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (value > 0 && value < 100) return value;
  throw new InvalidArgumentError('write a percentile such as 99 or 99.9');
}

/** From 0, in any notation of numbers. */
export function toleranceOption(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('write a number from 0, such as 1e-3');
}
