import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DiffLine, lineDiff } from './line-diff.ts';

const shown = (lines: readonly DiffLine[]): string[] => lines.map(({ kind, text }) => `${kind} ${text}`);

test('equal texts have no difference, whatever their line ends', () => {
  assert.deepEqual(lineDiff('a\nb\n', 'a\r\nb'), []);
  assert.deepEqual(lineDiff('', ''), []);
});

test('a changed line is removed, then added, with three lines around it', () => {
  const before = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n';
  assert.deepEqual(shown(lineDiff(before, before.replace('six', '6'))), [
    'gap 2 unchanged lines',
    'same three',
    'same four',
    'same five',
    'removed six',
    'added 6',
    'same seven',
    'same eight',
    'same nine',
  ]);
});

test('a text from nothing is all added', () => {
  assert.deepEqual(shown(lineDiff('', 'a\nb')), ['added a', 'added b']);
});

test('the lines kept and removed are the old text, those kept and added the new one', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 });
  fc.assert(
    fc.property(text, text, (old, now) => {
      const lines = lineDiff(old.join('\n'), now.join('\n')).filter(({ kind }) => kind !== 'gap');
      const side = (kind: DiffLine['kind']): string[] =>
        lines.filter((line) => line.kind === kind || line.kind === 'same').map((line) => line.text);
      if (old.join() === now.join()) return;
      assert.ok(old.join('\n').includes(side('removed').join('\n')));
      assert.ok(now.join('\n').includes(side('added').join('\n')));
      const changed = lines.filter(({ kind }) => kind !== 'same').length;
      assert.ok(changed <= old.length + now.length && changed >= Math.abs(old.length - now.length));
    }),
    { seed: 20261123, numRuns: 2000 },
  );
});

test('texts too long to compare are replaced whole', () => {
  const long = (word: string): string => Array.from({ length: 2100 }, (_, index) => `${word} ${index}`).join('\n');
  assert.equal(lineDiff(long('old'), long('new')).length, 4200);
});
