import { z } from 'zod';
import { parseDurationMs, parseRatio } from './quantity.ts';

/** A whole number from 1 on. */
export const count = (what: string, most: number) =>
  z
    .int({ error: `${what} is a whole number from 1 to ${most}` })
    .min(1, `${what} is at least 1`)
    .max(most, `${what} is at most ${most}`);

/** A duration such as `90s`, in ms. */
export const durationMs = z
  .string({ error: 'write a duration such as 90s, 5m or 1h30m' })
  .transform((text, context) => {
    const value = parseDurationMs(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: 'write a duration such as 20ms, 90s, 5m or 1h30m' });
    return z.NEVER;
  });

/** A share such as `2%`, as a ratio. */
const ratio = z
  .union([z.string(), z.number()], { error: 'write a share such as 2% or 0.02' })
  .transform((value, context) => {
    const parsed = parseRatio(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'write a share such as 2% or 0.02' });
    return z.NEVER;
  });

/** The practical margin, as a ratio. */
export const margin = ratio.refine((value) => value < 1, 'a margin is below 100%: write 2% or 0.02');
/** The share of sweeps of equal variants that may end in a claim. */
export const errorRate = ratio.refine((value) => value >= 0.001 && value <= 0.2, 'alpha lies between 0.001 and 0.2');
