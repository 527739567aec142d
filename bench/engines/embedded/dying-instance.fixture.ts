// Preloaded into a server and its threads: an instance's thread ends by itself in the middle of an execution while a file is there.
import { existsSync, rmSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const { DYING_INSTANCE_FILE: file = '' } = process.env;

if (!isMainThread && workerData !== null && typeof workerData === 'object' && 'port' in workerData) {
  const readClock = process.hrtime.bigint;
  process.hrtime.bigint = () => {
    if (existsSync(file)) {
      rmSync(file);
      process.exit(7);
    }
    return readClock.call(process.hrtime);
  };
}
