import { setTimeout as delay } from 'node:timers/promises';

/** What a promise gives if it does so in time, else undefined; no timer is left to keep the process from ending. */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  const late = delay(limitMs, undefined, { signal: timer.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
