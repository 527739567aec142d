import assert from 'node:assert/strict';
import { existsSync, fstatSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ServerLog } from './server-log.ts';

let count = 0;
function makeLog(): ServerLog {
  count += 1;
  return new ServerLog(`tritune-log-test-${process.pid}-${count}`);
}

describe('the log of a server', () => {
  it('gives the lines written since a mark', () => {
    using log = makeLog();
    writeSync(log.fd, 'one\ntwo\n');
    const mark = log.mark();
    assert.deepEqual(log.since(mark), []);
    writeSync(log.fd, 'three\n\nfour');
    assert.deepEqual(log.since(mark), ['three', 'four']);
    assert.deepEqual(log.since(0), ['one', 'two', 'three', 'four']);
  });

  it('has no name in the file system', () => {
    using log = makeLog();
    assert.equal(fstatSync(log.fd).nlink, 0);
    assert.equal(existsSync(join(tmpdir(), `tritune-log-test-${process.pid}-${count}.log`)), false);
  });

  it('removes what could steer a terminal and keeps other text', () => {
    using log = makeLog();
    writeSync(
      log.fd,
      '\u001b[31mred\u001b[0m\r\nbell\u0007 null\0 c1\u009b2J rtl\u202e ls\u2028 é 漢\n\u001b]0;title\u0007x\n',
    );
    const text = log.since(0).join('\n');
    assert.match(text, /^red\nbell/);
    assert.match(text, /é 漢/);
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}]/u);
  });

  it('shortens a line that never ends', () => {
    using log = makeLog();
    writeSync(log.fd, 'x'.repeat(100_000));
    assert.deepEqual(log.since(0), ['x'.repeat(2000)]);
  });

  it('gives the last 256 KiB at most, whatever the mark', () => {
    using log = makeLog();
    for (let line = 0; line < 10_000; line += 1) writeSync(log.fd, `${String(line).padStart(99, '.')}\n`);
    const lines = log.since(0);
    assert.equal(lines.length, 2622);
    assert.match(lines.at(-1) ?? '', /\.9999$/);
    assert.equal(log.since(log.mark() - 200).length, 2);
  });

  it('stays readable after it was let go of', () => {
    const log = makeLog();
    writeSync(log.fd, 'one\n');
    const mark = log.mark();
    writeSync(log.fd, 'two\n');
    log[Symbol.dispose]();
    log[Symbol.dispose]();
    assert.deepEqual(log.since(mark), ['two']);
    assert.deepEqual(log.since(log.mark()), []);
  });

  it('takes marks from nowhere', () => {
    using log = makeLog();
    writeSync(log.fd, 'one\n');
    assert.deepEqual(log.since(1_000_000), []);
    assert.deepEqual(log.since(-5), ['one']);
  });
});
