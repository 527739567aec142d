import type { Settings, SettingValue } from '../modelconfig/settings.ts';

/** What people call the fields that are tuned most; others go by their last name. */
const short: Readonly<Record<string, string>> = {
  'instance_group.count': 'count',
  'dynamic_batching.max_queue_delay_microseconds': 'delay-us',
  'dynamic_batching.preferred_batch_size': 'preferred',
  'parameters.intra_op_thread_count': 'threads',
  max_batch_size: 'batch',
};

const longest = 80;

/** An id made of a variant's settings, such as `count-4_delay-us-500`; not one of `taken`, to which it is added. */
export function variantName(settings: Settings, taken: Set<string>): string {
  const text = Object.entries(settings)
    .map(([path, value]) => `${short[path] ?? lastName(path)}-${valueText(value)}`)
    .join('_')
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, longest);
  const name = text === '' || text === 'baseline' ? 'variant' : text;
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}.${number}`;
  taken.add(free);
  return free;
}

function lastName(path: string): string {
  return path.split('.').at(-1) ?? path;
}

function valueText(value: SettingValue): string {
  if (value === null) return 'none';
  if (typeof value === 'object') return JSON.stringify(value).replaceAll(/["{}[\]]/g, '');
  return String(value);
}
