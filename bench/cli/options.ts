import { InvalidArgumentError, Option } from 'commander';
import type { z } from 'zod';
import { parsePlacement } from '../plan/placement-schema.ts';
import type { PlacementChoice } from '../plan/plan.ts';
import { parseDurationMs } from '../plan/quantity.ts';
import { errorRate, margin } from '../plan/quantity-schema.ts';

/** Option values as people type them; commander turns what is thrown into a usage error that names the option. */
export function durationOption(text: string): number {
  const value = parseDurationMs(text);
  if (value === undefined) throw new InvalidArgumentError('write a duration such as 90s, 5m or 1h30m');
  return value;
}

export function countOption(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > mostCount)
    throw new InvalidArgumentError(`write a whole number from 1 to ${mostCount}`);
  return value;
}

const mostCount = 1_000_000;

export function seedOption(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value >= 2 ** 32)
    throw new InvalidArgumentError('write a whole number from 0 to 4294967295');
  return value;
}

export function marginOption(text: string): number {
  return shareOption(text, margin);
}

export function alphaOption(text: string): number {
  return shareOption(text, errorRate);
}

/** `--placement`, as every command that measures takes it. */
export function placementFlag(): Option {
  return new Option(
    '--placement <cpus>',
    'the CPUs of server and client: auto, none, or two lists, SERVER:CLIENT, such as 0-13:14-15',
  ).argParser(placementOption);
}

/** `--share-host`, as every command that measures takes it. */
export function shareHostFlag(): Option {
  return new Option('--share-host', 'go on beside another run that measures on this host; nothing is claimed then');
}

function placementOption(text: string): PlacementChoice {
  const parsed = parsePlacement(text);
  if (typeof parsed === 'string') throw new InvalidArgumentError(parsed);
  return parsed;
}

/** A share as the plan takes it, where a bare number is text too. */
function shareOption(text: string, schema: z.ZodType<number>): number {
  const parsed = schema.safeParse(/^\d*\.?\d+$/.test(text) ? Number(text) : text);
  if (!parsed.success)
    throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'write a share such as 2% or 0.02');
  return parsed.data;
}
