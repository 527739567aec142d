import { InvalidArgumentError } from 'commander';
import { parseDurationMs } from '../plan/quantity.ts';

/** Option values as people type them; commander turns what is thrown into a usage error that names the option. */
export function durationOption(text: string): number {
  const value = parseDurationMs(text);
  if (value === undefined) throw new InvalidArgumentError('write a duration such as 90s, 5m or 1h30m');
  return value;
}

export function countOption(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 1_000_000)
    throw new InvalidArgumentError('write a whole number from 1');
  return value;
}

export function seedOption(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value >= 2 ** 32)
    throw new InvalidArgumentError('write a whole number from 0 to 4294967295');
  return value;
}
