import { markdownCode, markdownFence, markdownText } from './markdown-text.ts';
import { type ReportModel, reportModel } from './report-model.ts';
import { type ReportTable, reportTables, type TableCell } from './report-tables.ts';
import type { Results } from './results.ts';

/**
 * The report for a review or a job's summary: the verdict, then the tables, under 60 000 bytes. Tables that do not fit are
 * cut by rows, and say so.
 */
export function summaryMarkdown(results: Results): string {
  const model = reportModel(results);
  const pages = new Pages(byteLimit);
  pages.add(verdictPart(model));
  for (const table of reportTables(model)) addTable(pages, table);
  if (model.diff.length > 0) pages.add(diffPart(model, pages.roomBytes()));
  for (const { title, facts } of model.facts) {
    const lines = facts.map(({ name, value }) => `- ${markdownText(name)}: ${markdownCode(value)}`);
    addLines(pages, `## ${title}\n\n`, lines);
  }
  return pages.text();
}

const byteLimit = 58_000;

/** Parts are added while there is room for them. */
class Pages {
  private readonly parts: string[] = [];
  private leftBytes: number;

  constructor(limitBytes: number) {
    this.leftBytes = limitBytes;
  }

  /** Room for one more part: most of what is left, so that one long list leaves something for those after it. */
  roomBytes(): number {
    return Math.floor(this.leftBytes * 0.6);
  }

  add(text: string): void {
    const bytes = Buffer.byteLength(text) + 2;
    if (bytes > this.leftBytes) return;
    this.leftBytes -= bytes;
    this.parts.push(text);
  }

  text(): string {
    return `${this.parts.join('\n\n')}\n`;
  }
}

function verdictPart({ verdict, title }: ReportModel): string {
  const lines = [`# ${markdownText(`${verdict.label}: ${title}`)}`, `**${markdownText(verdict.headline)}**`];
  const command = verdict.command === null ? [] : [markdownFence('sh', verdict.command)];
  return [...lines, ...verdict.sentences.map(markdownText), ...command].join('\n\n');
}

function addTable(pages: Pages, table: ReportTable): void {
  const names = table.columns.map(({ name }) => markdownText(name));
  const rules = table.columns.map(({ numeric }) => (numeric ? '---:' : '---'));
  const head = `## ${table.title}\n\n${markdownText(table.caption)}\n\n${line(names)}\n${line(rules)}\n`;
  addLines(
    pages,
    head,
    table.rows.map((row) => line(row.map(cell))),
  );
}

function addLines(pages: Pages, head: string, lines: readonly string[]): void {
  const room = pages.roomBytes() - 100;
  let bytes = Buffer.byteLength(head);
  const shown = lines.filter((text) => {
    bytes += Buffer.byteLength(text) + 1;
    return bytes <= room;
  });
  const note = `\n\n${shown.length} of ${lines.length} rows are shown; results.json has all.`;
  pages.add(`${head}${shown.join('\n')}${shown.length < lines.length ? note : ''}`);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cell({ text, detail, kind }: TableCell): string {
  const shown = kind === 'code' && text !== '' ? markdownCode(text) : markdownText(text);
  return detail === '' ? shown : `${shown} (${markdownText(detail)})`;
}

function diffPart({ diff, diffTitle }: ReportModel, roomBytes: number): string {
  const signs = { same: ' ', added: '+', removed: '-', gap: '@@ ' } as const;
  const lines = diff.map(({ kind, text }) => `${signs[kind]}${text}${kind === 'gap' ? ' @@' : ''}`);
  const head = `## ${markdownText(diffTitle)}\n\n`;
  const whole = `${head}${markdownFence('diff', lines.join('\n'))}`;
  return Buffer.byteLength(whole) <= roomBytes ? whole : `${head}Too long to be shown here; index.html has it.`;
}
