/** A duration as people write it ("90s", "1h30m", "250ms", "1.5m") in ms; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const match =
    /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?(?:(\d+(?:\.\d+)?)us)?$/.exec(
      text.trim(),
    );
  if (match === null || text.trim() === '') return undefined;
  const [hours, minutes, seconds, milliseconds, microseconds] = match.slice(1).map((part) => Number(part ?? 0));
  const total =
    (hours ?? 0) * 3_600_000 +
    (minutes ?? 0) * 60_000 +
    (seconds ?? 0) * 1_000 +
    (milliseconds ?? 0) +
    (microseconds ?? 0) / 1_000;
  return total > 0 && Number.isFinite(total) ? total : undefined;
}

/** A share as people write it ("2%", "0.02") as a ratio; undefined for anything else. */
export function parseRatio(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim());
  return match === null ? undefined : Number(match[1]) / 100;
}
