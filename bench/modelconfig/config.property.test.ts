import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseConfig, printConfig, toPlain } from './config.ts';
import type { FieldNode, MessageNode } from './document.ts';
import { itemsOf } from './plain.ts';
import { type Draw, writeMessage } from './random-document.test-suite.ts';
import { modelConfigSchema } from './schema.ts';

const runs = { seed: 20240624, numRuns: 1000 };

test('a parsed text prints as the same bytes and says what was written, in any layout', () => {
  fc.assert(
    fc.property(fc.gen(), (draw: Draw) => {
      const { text, plain } = writeMessage(draw, modelConfigSchema);
      const document = parseConfig(text, 'config.pbtxt');
      assert.equal(printConfig(document), text);
      assert.deepEqual(toPlain(document), plain);
    }),
    runs,
  );
});

test('the tree describes all of the text: between its spans lie only blanks, comments and punctuation', () => {
  fc.assert(
    fc.property(fc.gen(), (draw: Draw) => {
      const { text } = writeMessage(draw, modelConfigSchema);
      const { root } = parseConfig(text, 'config.pbtxt');
      const leftover = blankOut(text, root).replace(/#[^\n]*/g, '');
      assert.match(leftover, /^[\s{}<>[\]:,;]*$/);
    }),
    { ...runs, numRuns: 300 },
  );
});

test('the end of every span is where its text ends', () => {
  const text = 'name: "a" "b" , input [ { dims: [ 1 , - 2 ] } ] ;optimization < >';
  const { root } = parseConfig(text, 'config.pbtxt');
  const spans = root.fields.map((field) => [
    text.slice(field.start, field.end),
    text.slice(field.end, field.separatorEnd),
  ]);
  assert.deepEqual(spans, [
    ['name: "a" "b"', ' ,'],
    ['input [ { dims: [ 1 , - 2 ] } ]', ' ;'],
    ['optimization < >', ''],
  ]);
});

/** The text with every field name and scalar that the tree knows overwritten by blanks. */
function blankOut(text: string, message: MessageNode): string {
  const marks = text.split('');
  const blank = (start: number, end: number) => marks.fill(' ', start, end);
  const visit = (field: FieldNode): void => {
    blank(field.start, field.start + field.name.length);
    for (const item of itemsOf(field)) {
      if (item.kind === 'message') item.fields.forEach(visit);
      else blank(item.start, item.end);
    }
  };
  message.fields.forEach(visit);
  return marks.join('');
}
