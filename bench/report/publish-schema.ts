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
  return `${withShortLists(JSON.stringify({ ...head, ...body }, null, 2))}\n`;
}

/** Lists of scalars on one line where it has at most 120 columns: the form that the formatter keeps. */
function withShortLists(json: string): string {
  const scalarList = /^( *(?:"[^"\n]*": )?)\[\n([^[\]{}]*?)\n *\](,?)$/gm;
  return json.replace(scalarList, (whole, start: string, items: string, comma: string) => {
    const line = `${start}[${items.trim().replace(/,\n */g, ', ')}]${comma}`;
    return line.length <= 120 ? line : whole;
  });
}

if (import.meta.main) writeFileSync(schemaPath, publishedSchema());
