import { readlinkSync, writeFileSync } from 'node:fs';

/**
 * Lets the calling thread sleep to the us. Linux wakes a thread up to 50 us late, to save power by waking several at once;
 * a thread may set that for itself. Elsewhere, and where /proc cannot be written, it sleeps as it did.
 */
export function sleepPrecisely(): void {
  try {
    const thread = readlinkSync('/proc/thread-self').split('/').at(-1);
    writeFileSync(`/proc/${thread}/timerslack_ns`, '1');
  } catch {
    // It is late by some tens of us, which whoever is woken measures.
  }
}
