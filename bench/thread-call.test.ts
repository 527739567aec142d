import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ThreadCall } from './thread-call.ts';

it('a call that was made before anybody listened is heard at once, and once however often it was made', async () => {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const [call, other] = [new ThreadCall(words, 1), new ThreadCall(words, 0)];
  call.make();
  call.make();
  await call.heard();
  assert.deepEqual([...words], [0, 0]);
  let heard = false;
  const next = call.heard().then(() => {
    heard = true;
  });
  other.make();
  await turn();
  assert.equal(heard, false);
  call.make();
  await next;
  assert.deepEqual([...words], [1, 0]);
});
