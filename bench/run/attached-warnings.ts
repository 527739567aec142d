import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../engines/engine.ts';
import { KServeError } from '../kserve/client.ts';
import { readCounters } from '../kserve/statistics.ts';
import { differences } from '../modelconfig/compare.ts';
import type { PlainConfig } from '../modelconfig/plain.ts';
import type { Plan } from '../plan/plan.ts';

const shownMost = 5;

/**
 * What a run on a server that was there before should know before it changes anything: that the configuration served there is another
 * than the baseline's, and that this host's processors are not the server's. Empty for a server of our own.
 */
export async function attachedWarnings(server: Server, plan: Plan, baseline: PlainConfig): Promise<string[]> {
  if (server.attached === undefined) return [];
  const inUse = await isUsed(server, plan.model);
  const counted = plan.conditions.filter((text) => /\bcores\b/.test(text));
  return [
    ...(await otherwise(server, plan.model, baseline)),
    ...(inUse
      ? [
          `${plan.model} answers others on that server meanwhile: they are measured with it, and lose it while variants are loaded`,
        ]
      : []),
    ...counted.map((text) => `the condition "${text}" counts the cores of this host, not of the server`),
  ];
}

const watchedMs = 500;

/** Whether the model answers requests that are not ours. */
async function isUsed({ control }: Server, model: string): Promise<boolean> {
  const count = (): Promise<number | null> =>
    control.statistics(model).then(
      (statistics) => readCounters(statistics).success.count,
      () => null,
    );
  const before = await count();
  if (before === null) return false;
  await delay(watchedMs);
  return ((await count()) ?? 0) > before;
}

async function otherwise({ control }: Server, model: string, baseline: PlainConfig): Promise<string[]> {
  try {
    const found = differences(baseline, (await control.config(model)) as PlainConfig);
    if (found.length === 0) return [];
    const paths = found.slice(0, shownMost).map(({ path }) => path);
    const more = found.length > shownMost ? ` and ${found.length - shownMost} more` : '';
    return [
      `the server has ${model} loaded with another configuration than the committed config.pbtxt: ${paths.join(', ')}${more} differ`,
    ];
  } catch (error) {
    // Not loaded there: nothing to compare with.
    if (error instanceof KServeError) return [];
    throw error;
  }
}
