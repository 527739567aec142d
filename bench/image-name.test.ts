import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isImageName } from './image-name.ts';

describe('the name of a container image', () => {
  it('has host, path, tag and digest', () => {
    for (const name of [
      'triton',
      'nvcr.io/nvidia/tritonserver:24.10-py3',
      'localhost:5000/a/b_c/d--e:V1.0',
      `registry.example.com/x@sha256:${'0a'.repeat(32)}`,
    ]) {
      assert.equal(isImageName(name), true, name);
    }
  });

  it('is nothing that a command line or a YAML file could take for something else', () => {
    for (const name of [
      '',
      '-x',
      '--help',
      'a b',
      'a\nprivileged: true',
      'a;b',
      '$(x)',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: no template, but what compose would take for a variable
      '${X}',
      'A',
      'a:',
      'a@b',
      '../a',
      'a//b',
      "'a'",
      'a\u0000',
      'a\u2028',
      'x'.repeat(600),
      '{a: b}',
      '*a',
      '&a',
      '!a',
      'a#b',
    ]) {
      assert.equal(isImageName(name), false, JSON.stringify(name));
    }
  });

  it('holds nothing but letters, digits and ._-/:@, and is judged at once however long', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aA0._-/:@ $\n'), maxLength: 40 }), (text) => {
        if (isImageName(text)) assert.match(text, /^[\w.\-/:@]+$/);
      }),
      { seed: 7, numRuns: 2_000 },
    );
    assert.equal(isImageName(`${'a-'.repeat(250)}!`), false);
  });
});
