import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../failure.ts';
import { elementBytes, encodeElements } from '../../kserve/tensors.ts';
import { isLong } from '../../testing/long.ts';
import { csvData, parseCsv } from './csv.ts';
import { model } from './data.fixture.ts';
import { parseRanges, parseShapes, parseSource } from './data-options.ts';
import type { InputData } from './input-data.ts';
import { parseJsonData } from './json.ts';
import { npyFile, npyHeader } from './npy.fixture.ts';
import { parseNpy } from './npy.ts';
import { npyData } from './npy-data.ts';
import { makeWorkload, plainOptions } from './workload.ts';

const parameters = { seed: 20_261_123, numRuns: isLong ? 100_000 : 2_000 };
const datatypes = Object.keys(elementBytes);
const models = fc
  .record({
    datatype: fc.constantFrom(...datatypes),
    shape: fc.constantFrom('-1,2', '2', '-1,-1', '-1,2,-1', '-1', '0', ''),
  })
  .map(({ datatype, shape }) => model([`x ${datatype} ${shape}`], [`y ${datatype} ${shape}`]));

/** Whatever the data, it makes a workload whose tensors hold what their shapes say, or a failure of the user's. */
function survives(parse: () => InputData, metadata: ReturnType<typeof model>, batchSize: number): void {
  try {
    const { inputs } = makeWorkload(parse(), metadata, batchSize, { ...plainOptions, distinctRequestCount: 8 });
    assert.ok(inputs.length > 0);
    for (const { datatype, shape, data } of inputs.flat()) {
      const size = elementBytes[datatype];
      if (size !== undefined) assert.equal(data.byteLength, size * shape.reduce((product, each) => product * each, 1));
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    assert.equal(error.exitCode, 2);
    assert.ok(!error.message.includes('\n') && error.message.length < 1000, error.message);
  }
}

function run<T>(texts: fc.Arbitrary<T>, parse: (text: T) => InputData): void {
  const batches = fc.integer({ min: 1, max: 3 });
  const check = (text: T, metadata: ReturnType<typeof model>, batchSize: number): void =>
    survives(() => parse(text), metadata, batchSize);
  fc.assert(fc.property(texts, models, batches, check), parameters);
}

const pieces = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\n',
  '1',
  '-',
  '.5',
  'e9',
  '9007199254740993',
  'null',
  '"x"',
  '"shape"',
  '"b64"',
  '"content"',
  '"data"',
  '"validation_data"',
  '"__proto__"',
  'NaN',
  '\0',
  '\ud800',
  'AQAAAA==',
];

/** The text with some of its characters taken out and pieces put in. */
function mutated(text: string): fc.Arbitrary<string> {
  const edit = fc.tuple(fc.nat(text.length), fc.nat(4), fc.constantFrom('', ...pieces));
  return fc
    .array(edit, { maxLength: 4 })
    .map((edits) => edits.reduce((all, [at, out, put]) => all.slice(0, at) + put + all.slice(at + out), text));
}

const valid = [
  '{"data":[{"x":[1,2]},{"x":{"content":[3,4],"shape":[2]}}]}',
  '{"data":[[{"x":{"b64":"AQAAAAIAAAA="}}],[{"x":["1","0"]}]],"validation_data":[[{"y":[1,2]}],[{"y":[3,4]}]]}',
  '{"data":[{"x":[[9007199254740993],[true]]}]}',
];

describe('no input data makes a crash', () => {
  it('as CSV', () => {
    const cells = fc.constantFrom(
      '1',
      '2',
      '-1.5',
      '1e400',
      '0',
      '',
      'a',
      '"',
      'NaN',
      '0x1',
      '\r',
      ' ',
      '9007199254740993',
    );
    const text = fc.array(
      fc.array(cells, { maxLength: 3 }).map((row) => row.join(',')),
      { maxLength: 5 },
    );
    const rows = fc.oneof(
      text.map((lines) => lines.join('\n')),
      fc.string({ unit: 'binary' }),
    );
    run(rows, (csv) => csvData(parseCsv(csv, 'f.csv')));
  });

  it('as JSON text', () => {
    const texts = fc.oneof(
      ...valid.map(mutated),
      fc.array(fc.constantFrom(...pieces)).map((all) => all.join('')),
    );
    run(texts, (text) => parseJsonData(text, 'f.json'));
  });

  it('as JSON of any form', () => {
    const tensor = fc.oneof(
      fc.array(fc.jsonValue(), { maxLength: 4 }),
      fc.record({ content: fc.jsonValue(), shape: fc.jsonValue(), b64: fc.base64String() }, { requiredKeys: [] }),
      fc.jsonValue(),
    );
    const entry = fc.oneof(fc.record({ x: tensor }), fc.jsonValue());
    const file = fc.record(
      { data: fc.oneof(fc.array(entry), fc.jsonValue()), validation_data: fc.array(entry) },
      { requiredKeys: ['data'] },
    );
    run(
      file.map((value) => JSON.stringify(value)),
      (text) => parseJsonData(text, 'f.json'),
    );
  });

  it('as .npy', () => {
    const descr = fc.constantFrom(
      '<i2',
      '>f4',
      '|b1',
      '<f8',
      '<U1',
      '|S2',
      '<f2',
      '>u8',
      '|V2',
      '|O',
      '<i3',
      '<U0',
      '',
    );
    const shape = fc.array(fc.constantFrom(0, 1, 2, 3, 2 ** 40), { maxLength: 4 });
    const version = fc.constantFrom(1 as const, 2 as const, 3 as const);
    const bytes = fc
      .tuple(
        descr,
        shape,
        fc.boolean(),
        version,
        fc.oneof(fc.uint8Array({ maxLength: 48 }), fc.constant(encodeElements('INT16', [1, 2, 3, 4]))),
      )
      .map(([code, axes, fortran, format, data]) => npyFile(npyHeader(code, axes, fortran), data, format));
    const broken = fc
      .tuple(bytes, fc.array(fc.tuple(fc.nat(140), fc.nat(255)), { maxLength: 3 }), fc.nat(200))
      .map(([all, edits, cut]) => {
        for (const [at, byte] of edits) if (at < all.byteLength) all[at] = byte;
        return all.subarray(0, cut > 150 ? cut : all.byteLength);
      });
    run(
      fc.oneof(
        bytes,
        broken,
        fc.uint8Array().map((all) => Buffer.from(all)),
      ),
      (all) => npyData(new Map([[null, parseNpy(all, 'f.npy')]])),
    );
  });

  it('as .npy that fits', () => {
    const bytes = fc
      .tuple(
        fc.constantFrom('<i2', '>i2', '<u2', '>f2', '|S2', '|V2'),
        fc.boolean(),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
      )
      .map(([descr, fortran, data]) => npyFile(npyHeader(descr, [4, 2], fortran), data));
    run(bytes, (all) => npyData(new Map([[null, parseNpy(all, 'f.npy')]])));
  });

  it('as options', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z:=,.0-9-]{0,12}(\.npy)?$/));
    const check = (texts: string[]): void => {
      for (const parse of [parseShapes, parseRanges, (all: string[]) => parseSource(all, '/nowhere')]) {
        try {
          parse(texts);
        } catch (error) {
          assert.ok(error instanceof Failure && error.exitCode === 2);
        }
      }
    };
    fc.assert(fc.property(fc.array(text, { maxLength: 3 }), check), parameters);
  });
});
