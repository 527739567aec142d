import { workerData } from 'node:worker_threads';
import { sleepPrecisely } from '../../timer-slack.ts';
import { SleeperMemory } from './sleeper-memory.ts';

/** The thread that sleeps for a Sleeper. */
sleepPrecisely();
const memory = new SleeperMemory(workerData as SharedArrayBuffer);
for (;;) {
  memory.sleep();
  memory.call.make();
}
