import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { resultsSchema, schemaVersion } from './results.ts';

/** Where `node bench/report/publish-schema.ts` writes the JSON Schema of results.json. */
export const schemaPath = fileURLToPath(new URL('../../schema/results.schema.json', import.meta.url));

/** The JSON Schema (draft 2020-12) of results.json as text, ending in a newline. */
export function publishedSchema(): string {
  const { $schema, ...body } = z.toJSONSchema(resultsSchema, { target: 'draft-2020-12' });
  const head = {
    $schema,
    $id: `urn:tritune:results:${schemaVersion}`,
    title: `Tritune results, version ${schemaVersion}`,
    description: 'results.json: what a sweep found',
  };
  return `${JSON.stringify({ ...head, ...body }, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(schemaPath, publishedSchema());
