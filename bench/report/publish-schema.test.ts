import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { hostileResults } from './hostile.fixture.ts';
import { publishedSchema, schemaPath } from './publish-schema.ts';
import { baselineOnly, manyVariants, nothingMeasured, resultsOf } from './report.fixture.ts';

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(publishedSchema()));

test('the published schema is in step with the code; node bench/report/publish-schema.ts writes it', () => {
  assert.equal(readFileSync(schemaPath, 'utf8'), publishedSchema());
});

test('the schema says what it is', () => {
  const { $schema, $id, title } = JSON.parse(publishedSchema());
  assert.deepEqual(
    [$schema, $id, title],
    ['https://json-schema.org/draft/2020-12/schema', 'urn:tritune:results:1', 'Tritune results, version 1'],
  );
});

test('an independent validator takes real results', () => {
  for (const results of [resultsOf('WINNER'), baselineOnly(), nothingMeasured(), manyVariants(20), hostileResults()]) {
    assert.equal(validate(JSON.parse(JSON.stringify(results))), true, JSON.stringify(validate.errors));
  }
});

test('an independent validator rejects broken results', () => {
  const good = resultsOf('WINNER');
  const broken: Record<string, unknown> = {
    'another version': { ...good, schemaVersion: 2 },
    'an unknown key': { ...good, extra: 1 },
    'an unknown verdict': { ...good, verdict: { ...good.verdict, kind: 'LUCKY' } },
    'a text for a number': { ...good, run: { ...good.run, durationMs: '1' } },
    'a missing part': { ...good, engine: undefined },
  };
  for (const [what, results] of Object.entries(broken)) {
    assert.equal(validate(JSON.parse(JSON.stringify(results))), false, what);
  }
});
