import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadSchemaPath, publishedLoadSchema } from './publish-schema.ts';

test('the published schema of a load is in step with the code; npm run schema writes it', () => {
  assert.deepEqual(JSON.parse(readFileSync(loadSchemaPath, 'utf8')), publishedLoadSchema());
});
