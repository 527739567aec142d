import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { intervalPicture } from './interval-picture.ts';
import { reportModel } from './report-model.ts';
import { reportTables } from './report-tables.ts';
import type { Results } from './results.ts';

/**
 * The report as one HTML file: no script, no request, everything inline. Whatever the results hold is escaped, and a
 * Content-Security-Policy lets the page do nothing but apply its own style.
 */
export function resultsHtml(results: Results): string {
  const model = reportModel(results);
  const tables = reportTables(model);
  const picture = intervalPicture(results);
  return template({
    ...model,
    variants: tables.find(({ id }) => id === 'variants') ?? null,
    others: tables.filter(({ id }) => id !== 'variants'),
    hasPicture: picture !== '',
    picture: new Handlebars.SafeString(picture),
    style: new Handlebars.SafeString(style),
    policy: `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; base-uri 'none'; form-action 'none'`,
    diff: model.diff.map((line) => ({ ...line, sign: signs[line.kind] })),
    facts: model.facts.map(({ title, facts }) => ({ id: title.toLowerCase(), title, facts })),
  });
}

const signs = { same: '  ', removed: '- ', added: '+ ', gap: '⋯ ' } as const;
const style = readFileSync(new URL('templates/report.css', import.meta.url), 'utf8');
const styleHash = createHash('sha256').update(style).digest('base64');
const template = compiled();

function compiled(): Handlebars.TemplateDelegate {
  const handlebars = Handlebars.create();
  const read = (name: string): string => readFileSync(new URL(`templates/${name}.hbs`, import.meta.url), 'utf8');
  handlebars.registerPartial('table', handlebars.compile(read('table'), { strict: true }));
  handlebars.registerHelper('isCode', (kind: unknown) => kind === 'code');
  handlebars.registerHelper('breakable', breakable);
  return handlebars.compile(read('report'), { strict: true });
}

/** Lets a long path wrap after its dots and underscores rather than inside a word. */
function breakable(text: unknown): Handlebars.SafeString {
  const escaped = Handlebars.escapeExpression(String(text));
  return new Handlebars.SafeString(escaped.replace(/[._](?=\w)/g, '$&<wbr>'));
}
