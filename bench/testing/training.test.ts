import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { requires } from './requires.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('the tests of the training code pass: the same bytes again, right predictions', requires('train'), async () => {
  const { exitCode, stderr } = await execa(
    `${root}.venv/bin/python`,
    ['-m', 'unittest', 'discover', '-s', 'iris_classifiers/tests'],
    {
      cwd: root,
      reject: false,
    },
  );
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /^Ran [1-9]\d* tests/m);
});
