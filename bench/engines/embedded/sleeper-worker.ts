import { workerData } from 'node:worker_threads';
import { SleeperMemory } from './sleeper-memory.ts';

/** The thread that sleeps for a Sleeper. */
const memory = new SleeperMemory(workerData as SharedArrayBuffer);
for (;;) {
  memory.sleep();
  memory.call();
}
