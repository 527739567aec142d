import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
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
    const { csv, hgrm, hlog } = readOutputFiles(options, scratch.folder, { levels: [1, 2], inputs: [] });
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
    const none = readOutputFiles({}, scratch.folder, { levels: [1], inputs: ['/no/such'] });
    assert.deepEqual(none, { csv: null, hgrm: null, hlog: null });
  });

  it('are refused where two of them, or one and what the load reads, are one file under two names', () => {
    using scratch = new Scratch();
    writeFileSync(scratch.path('rows.csv'), '1,2');
    symlinkSync(scratch.path('rows.csv'), scratch.path('link'));
    const read = (options: object, inputs: readonly string[]) => () =>
      readOutputFiles(options, scratch.folder, { levels: [1], inputs });
    assert.throws(read({ latencyReportFile: 'link' }, [scratch.path('rows.csv')]), {
      exitCode: 2,
      message: /link is read by this load, and a result would replace it/,
    });
    assert.throws(read({ hgrm: 'rows.csv', hlog: 'link' }, []), { exitCode: 2, message: /two results would go to/ });
    assert.equal(scratch.read('rows.csv'), '1,2');
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
