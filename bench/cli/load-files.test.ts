import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { load, Scratch, shortly } from './load.fixture.ts';
import { readOutputFiles, writeAll } from './load-files.ts';

describe('the files of a load', () => {
  it('are tried before it, which leaves nothing behind and nothing changed', () => {
    using scratch = new Scratch();
    writeFileSync(scratch.path('a.csv'), 'old');
    const options = { latencyReportFile: 'a.csv', hgrm: 'b.hgrm', hlog: 'c.hlog' };
    const { csv, hgrm, hlog } = readOutputFiles(options, scratch.folder, [1, 2]);
    assert.deepEqual([csv, hlog], [scratch.path('a.csv'), scratch.path('c.hlog')]);
    assert.deepEqual(
      [...(hgrm ?? [])],
      [
        [1, scratch.path('b-1.hgrm')],
        [2, scratch.path('b-2.hgrm')],
      ],
    );
    assert.deepEqual(readdirSync(scratch.folder), ['a.csv']);
    assert.equal(scratch.read('a.csv'), 'old');
    assert.deepEqual(readOutputFiles({}, scratch.folder, [1]), { csv: null, hgrm: null, hlog: null });
  });

  it('are all written that can be, whichever cannot', () => {
    using scratch = new Scratch();
    const texts = ['none/a', 'b', 'none/c', 'd'].map((name) => [scratch.path(name), name] as const);
    assert.throws(
      () => writeAll(texts),
      (error) => error instanceof Failure && error.exitCode === 2 && /none\/a cannot be written/.test(error.message),
    );
    assert.deepEqual([scratch.read('b'), scratch.read('d')], ['b', 'd']);
  });

  it('do not hide that a load was interrupted where one of them cannot be written', async () => {
    using scratch = new Scratch();
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] }, { thread: true });
    const controller = new AbortController();
    const files = ['-f', scratch.path('a.csv'), '--hlog', scratch.path('b.hlog')];
    const at = ['-m', 'scripted', '-u', server.url, '--concurrency-range', '1,2', ...shortly, ...files];
    let stderr = '';
    const output = {
      write(text: string): void {
        stderr += text;
        if (!text.startsWith('concurrency 2')) return;
        mkdirSync(scratch.path('a.csv'));
        controller.abort(new Failure('interrupted', 'interrupted', 'interrupted'));
      },
      ...{ isTTY: false, columns: 80 },
    };
    const { code } = await load(at, { signal: controller.signal, stderr: output });
    assert.equal(code, 130, stderr);
    assert.match(stderr, /a\.csv cannot be written: EISDIR/);
    assert.match(scratch.read('b.hlog'), /Tag=concurrency-1,/);
  });
});
