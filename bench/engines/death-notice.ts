import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** A container's end is known later than that of a process. */
const noticeMs = 1_000;

/**
 * What a call of a server that went wrong is due to: the server's death where it died, by the reason of `died`, else the error itself.
 * A connection breaks a moment before the end of its server is known.
 */
export async function deathBehind(error: unknown, died: AbortSignal): Promise<unknown> {
  if (!died.aborted) {
    const enough = new AbortController();
    const { signal } = enough;
    await Promise.race([once(died, 'abort', { signal }), delay(noticeMs, undefined, { signal })]).finally(() =>
      enough.abort(),
    );
  }
  return died.aborted ? died.reason : error;
}
