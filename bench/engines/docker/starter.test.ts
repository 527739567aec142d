import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { hasEnded, parseStarter, starterText, thisStarter } from './starter.ts';

describe('the starter of a container', () => {
  it('is read from its own text, and from no other', () => {
    assert.deepEqual(parseStarter(starterText(thisStarter())), thisStarter());
    for (const text of [
      '',
      'x',
      '{}',
      '[1]',
      'null',
      '{"pid":-1}',
      '{"__proto__":{"pid":1}}',
      '{"pid":1,"ticks":1,"host":"","boot":"","space":""}',
    ]) {
      assert.equal(parseStarter(text), undefined, text);
    }
  });

  it('has ended once its process has, even if another has its number now, and with the boot of its host', async () => {
    const here = thisStarter();
    assert.equal(hasEnded(here), false);
    assert.equal(hasEnded({ ...here, ticks: String(Number(here.ticks) + 1) }), true);
    assert.equal(hasEnded({ ...here, boot: 'an earlier one', space: 'another' }), true);
    const child = spawn('/bin/true');
    await once(child, 'exit');
    assert.equal(hasEnded({ ...here, pid: child.pid ?? 0 }), true);
  });

  it('is not known to have ended where it cannot be seen', () => {
    const gone = { ...thisStarter(), ticks: '1' };
    assert.equal(hasEnded({ ...gone, host: 'another-host' }), false);
    assert.equal(hasEnded({ ...gone, space: 'pid:[1]' }), false);
  });
});
