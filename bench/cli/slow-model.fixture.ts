import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { irisModel } from '../engines/staged-repository.ts';

const delayUs = 3_000;

/**
 * Has the iris model of a repository wait for 3 ms before each execution. A sweep of it leaves the processors idle for most of
 * the time, and is valid on a host that does other things meanwhile.
 */
export function slowModel(repository: string): void {
  const file = join(repository, irisModel, 'config.pbtxt');
  const text = readFileSync(file, 'utf8');
  const batching = 'dynamic_batching { }';
  assert(text.includes(batching));
  writeFileSync(file, text.replace(batching, `dynamic_batching { max_queue_delay_microseconds: ${delayUs} }`));
}
