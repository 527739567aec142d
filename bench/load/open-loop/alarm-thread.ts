import { parentPort, workerData } from 'node:worker_threads';
import { sleepPrecisely } from '../../timer-slack.ts';
import { AlarmMemory } from './alarm-memory.ts';

/** The thread that sleeps for an Alarm. */
const memory = new AlarmMemory(workerData as SharedArrayBuffer);
sleepPrecisely();
parentPort?.postMessage('ready');
while (memory.sleep()) memory.call.make();
// Whoever listens must learn that nothing more will come.
memory.call.make();
