/** Where two served configurations differ; `undefined` stands for what is not there. */
export type ExactDifference = { readonly path: string; readonly before: unknown; readonly now: unknown };

/** Every place where JSON data differ, in order of path; the order of keys in a map means nothing. */
export function exactDifferences(before: unknown, now: unknown, path = ''): ExactDifference[] {
  if (isMap(before) && isMap(now)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].toSorted();
    return keys.flatMap((key) =>
      exactDifferences(own(before, key), own(now, key), path === '' ? key : `${path}.${key}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(now) && before.length === now.length)
    return before.flatMap((item, index) => exactDifferences(item, now[index], `${path}[${index}]`));
  return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ path, before, now }];
}

const shownMost = 5;

/** "max_batch_size was 64 and is 32" */
export function differencesText(found: readonly ExactDifference[]): string {
  const shown = found.slice(0, shownMost).map(({ path, before, now }) => {
    if (before === undefined) return `${path} was not set and is ${show(now)}`;
    return now === undefined
      ? `${path} was ${show(before)} and is not set`
      : `${path} was ${show(before)} and is ${show(now)}`;
  });
  const more = found.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(map: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
