import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { loadDocumentSchema, loadSchemaVersion } from './document-schema.ts';

/** Where `node bench/load/report/publish-schema.ts` writes the JSON Schema of what `tritune load --json` prints. */
export const loadSchemaPath = fileURLToPath(new URL('../../../schema/load.schema.json', import.meta.url));

/** That schema (draft 2020-12) as a value. */
export function publishedLoadSchema(): object {
  const { $schema, ...body } = z.toJSONSchema(loadDocumentSchema, { target: 'draft-2020-12' });
  return {
    $schema,
    $id: `urn:tritune:load:${loadSchemaVersion}`,
    title: `Tritune load, version ${loadSchemaVersion}`,
    description: 'What tritune load --json prints',
    ...body,
  };
}

if (import.meta.main) writeFileSync(loadSchemaPath, `${JSON.stringify(publishedLoadSchema(), null, 2)}\n`);
