import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readExposition, type Sample } from './exposition.ts';

const all = (text: string): Sample[] => readExposition(text, () => true);
const plain = (samples: readonly Sample[]): unknown[] =>
  samples.map(({ name, labels, value }) => [name, Object.fromEntries(labels), value]);

describe('a metrics page', () => {
  it('is read line by line, comments and blank lines apart', () => {
    const text = `# HELP up Whether it is up
# TYPE up gauge
up 1

nv_inference_count{model="iris",version="1"} 42 1732000000000
  nv_cpu_utilization   0.25\r
# EOF
http_requests_total{code="200" , method = "post",} 1.5e3 # {trace_id="x"} 0.67
no_newline_at_the_end 7`;
    assert.deepEqual(plain(all(text)), [
      ['up', {}, 1],
      ['nv_inference_count', { model: 'iris', version: '1' }, 42],
      ['nv_cpu_utilization', {}, 0.25],
      ['http_requests_total', { code: '200', method: 'post' }, 1500],
      ['no_newline_at_the_end', {}, 7],
    ]);
  });

  it('has numbers as Go writes them', () => {
    const values = all('a NaN\na +Inf\na -Inf\na 1e-06\na -0.5\na .5\na 5.\na +3').map(({ value }) => value);
    assert.deepEqual(values, [Number.NaN, Infinity, -Infinity, 1e-6, -0.5, 0.5, 5, 3]);
  });

  it('has labels that may hold anything, escaped', () => {
    const [sample] = all(String.raw`a{__proto__="x",path="C:\\dir\"q\"\n",braces="}, b{c=\"d\"} 9",empty=""} 1`);
    assert.deepEqual(sample === undefined ? [] : [...sample.labels], [
      ['__proto__', 'x'],
      ['path', 'C:\\dir"q"\n'],
      ['braces', '}, b{c="d"} 9'],
      ['empty', ''],
    ]);
  });

  it('is read around lines that are broken', () => {
    const broken = [
      'a',
      'a ',
      'a{',
      'a{b',
      'a{b=1} 1',
      'a{b="c} 1',
      'a{b="c"',
      'a{b="c" d="e"} 1',
      'a{b="c"}',
      'a one',
      'a 0x1F',
      'a 1_000',
      '1a 1',
      '-a 1',
      '{"quoted", b="c"} 1',
      `a${'x'.repeat(20_000)} 1`,
      `a{b="${'x'.repeat(20_000)}"} 1`,
      `a{${Array.from({ length: 65 }, (_, index) => `l${index}="x"`).join(',')}} 1`,
    ];
    assert.deepEqual(plain(all(`${broken.join('\n')}\nlast 2\n`)), [['last', {}, 2]]);
  });

  it('gives the wanted samples alone, and 10 000 of them at the most', () => {
    const text = Array.from({ length: 12_000 }, (_, index) => `a ${index}\nb ${index}\n`).join('');
    const samples = readExposition(text, (name) => name === 'b');
    assert.deepEqual([samples.length, new Set(samples.map(({ name }) => name))], [10_000, new Set(['b'])]);
  });

  it('that was written from samples gives the same samples', () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/);
    const labels = fc.uniqueArray(
      fc.tuple(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/), fc.string({ unit: 'binary', maxLength: 30 })),
      { selector: ([key]) => key, maxLength: 8 },
    );
    const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Infinity, -Infinity));
    const sample = fc.record({ name, labels, value });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 20 }), (samples) => {
        const text = samples.map(written).join('');
        const read = all(text).map(({ labels: found, ...rest }) => ({ ...rest, labels: [...found] }));
        assert.deepEqual(
          read,
          samples.map(({ name: id, labels: own, value: number }) => ({ name: id, value: number, labels: own })),
        );
      }),
      { seed: 20_261_123, numRuns: 500 },
    );
  });

  it('may be any text at all', () => {
    const pieces = fc.constantFrom(
      'a',
      '{',
      '}',
      '"',
      '\\',
      ',',
      '=',
      ' ',
      '\n',
      '\r',
      '#',
      '1',
      'NaN',
      'nv_x',
      '\0',
      '\u2028',
      'é',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 200 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (page) => {
        for (const { name, value } of all(page)) assert(name !== '' && typeof value === 'number');
      }),
      { seed: 20_261_123, numRuns: 5_000 },
    );
  });

  it('that is one huge line is read at once', () => {
    for (const part of ['a{', 'a{b="c",', '\\"', 'a{b="\\', ' ', '\t{'])
      assert.deepEqual(all(`${part.repeat(2_000_000 / part.length)}\nlast 2`).at(-1)?.value, 2);
  });
});

function written({ name, labels, value }: { name: string; labels: [string, string][]; value: number }): string {
  const escaped = (text: string): string =>
    text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const inBraces = labels.map(([key, text]) => `${key}="${escaped(text)}"`).join(',');
  const number = Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
  return `# TYPE ${name} gauge\n${name}${labels.length === 0 ? '' : `{${inBraces}}`} ${Object.is(value, -0) ? '-0' : number}\n`;
}
