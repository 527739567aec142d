import pc from 'picocolors';
import { share } from './format.ts';
import { gainScale, isOutside, positionOn } from './gain-scale.ts';
import { isMeasured, type ReportModel, reportModel } from './report-model.ts';
import type { Results } from './results.ts';
import { columnsOf, fitted, wrapped } from './terminal-text.ts';
import type { VariantRow } from './variant-rows.ts';

/**
 * The verdict and the gains for a terminal of `width` columns, lines ending in `\n`, the last one too. Without colour there is no
 * escape sequence in it. A picture of the intervals is drawn where the width allows it.
 */
export function terminalSummary(results: Results, options: { color: boolean; width: number }): string {
  const colors = pc.createColors(options.color);
  const width = Math.max(40, Math.min(options.width, 160));
  const model = reportModel(results);
  const paint = { gain: colors.green, keep: colors.cyan, open: colors.yellow, void: colors.red }[model.verdict.tone];
  const blocks = [
    [paint(colors.bold(fittedOrWhole(`${model.verdict.label}: ${model.title}`, width)))],
    wrapped(model.verdict.headline, width).map((line) => colors.bold(line)),
    [
      ...model.verdict.sentences.flatMap((sentence) => wrapped(sentence, width)),
      ...(model.verdict.command === null ? [] : [`  ${model.verdict.command}`]),
    ],
    gainLines(model, results, { width, dim: colors.dim, strong: colors.green }),
    atMost(
      model.left.map((row) => [`${row.id}: ${row.status}, ${row.reason}`]),
      width,
    ),
    atMost(
      model.diagnostics.map(({ variant, message, advice }) => [ended(`${variant}: ${message}`), ended(advice)]),
      width,
    ),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

type Look = { width: number; dim: (text: string) => string; strong: (text: string) => string };

/** More rows than this scroll the verdict away. */
const rowLimit = 40;
const costColumns = 80;

function gainLines(model: ReportModel, results: Results, { width, dim, strong }: Look): string[] {
  const shown = shownOf(model.measured);
  const rows = shown.flatMap((index) => model.measured[index] ?? []);
  if (rows.length === 0) return [];
  // It has a column of its own where the gains are in something else, and where there is room.
  const withCost = model.withCost && model.metric !== 'cost' && width >= costColumns;
  const table = rows.map((row) => [
    row.id,
    throughputOrMetric(row, model),
    row.gain.point,
    row.gain.interval,
    row.claim,
    ...(withCost ? [row.cost.point] : []),
    ...(model.withLevels ? [row.level] : []),
  ]);
  const head = [
    'variant',
    model.weighted ? 'throughput' : model.metric,
    'gain',
    `${share(model.confidence)} interval`,
    'claim',
    ...(withCost ? ['CPU/1000'] : []),
    ...(model.withLevels ? ['outstanding'] : []),
  ];
  const widths = head.map((name, column) =>
    Math.max(...[head, ...table].map((line) => columnsOf(line[column] ?? name))),
  );
  const others = widths.slice(1).reduce((sum, columns) => sum + columns + 2, 0);
  widths[0] = Math.max(8, Math.min(widths[0] ?? 8, width - others));
  const layout = (cells: readonly string[]): string =>
    cells
      .map((text, column) => fitted(text, widths[column] ?? 0, column === 0 || column === 4 ? 'left' : 'right'))
      .join('  ');
  const barColumns = Math.min(40, width - layout(head).length - 2);
  const bars = barColumns < 16 ? [] : intervalBars(results, shown, barColumns);
  const lines = table.map((cells, index) => {
    const line = bars.length === 0 ? layout(cells).trimEnd() : `${layout(cells)}  ${bars[index] ?? ''}`.trimEnd();
    return cells[4] === 'better' ? strong(line) : line;
  });
  const more = model.measured.length - rows.length;
  const rest = more > 0 ? [dim(`and ${more} more, see the report`)] : [];
  return [dim(layout(head).trimEnd()), ...lines, ...rest];
}

/** The places of as many rows as are shown, in their order; those that the verdict is about before those that the screen left behind. */
function shownOf(rows: readonly VariantRow[]): number[] {
  const about = [...rows.keys()].filter((index) => rows[index]?.status !== 'screened out');
  const others = [...rows.keys()].filter((index) => !about.includes(index));
  return [...about, ...others].slice(0, rowLimit).sort((a, b) => a - b);
}

function throughputOrMetric(row: VariantRow, { metric }: ReportModel): string {
  const texts = new Map([
    ['mean latency', row.mean.point],
    ['p50 latency', row.p50.point],
    ['p90 latency', row.latencies.p90],
    ['p95 latency', row.latencies.p95],
    ['p99 latency', row.p99.point],
    ['cost', row.cost.point],
  ]);
  return texts.get(metric) ?? row.throughput.point;
}

/** [] where there are no intervals, else `──●──` on one scale for all rows, `│` where the baseline is, `◂` where a dot lies outside. */
function intervalBars(results: Results, shown: readonly number[], columns: number): string[] {
  const measured = results.variants.filter(({ status }) => isMeasured(status));
  const gains = shown
    .flatMap((index) => measured[index] ?? [])
    .map(({ comparison }) => {
      if (comparison === null) return null;
      const { point, lower, upper } = comparison.gain;
      return point === null || lower === null || upper === null ? null : { point, lower, upper };
    });
  if (gains.every((gain) => gain === null)) return [];
  const scale = gainScale(
    gains.filter((gain) => gain !== null),
    results.verdict.practicalMargin,
  );
  const at = (gain: number): number => Math.round(positionOn(scale, gain) * (columns - 1));
  return gains.map((gain) => {
    const cells = Array.from({ length: columns }, () => ' ');
    if (gain !== null) cells.fill('─', at(gain.lower), at(gain.upper) + 1);
    cells[at(0)] = cells[at(0)] === '─' ? '┼' : '│';
    if (gain !== null) cells[at(gain.point)] = isOutside(scale, gain.point) ? (gain.point < 0 ? '◂' : '▸') : '●';
    return cells.join('');
  });
}

/** Each entry's sentences, wrapped; of a long list only the first entries, and how many more there are. */
function atMost(entries: readonly string[][], width: number): string[] {
  const lines = entries.slice(0, 20).flatMap((sentences) => wrapped(sentences.join(' '), width));
  return entries.length > 20 ? [...lines, `and ${entries.length - 20} more, see the report`] : lines;
}

/** As a sentence: with a full stop where it has no end of its own. */
function ended(text: string): string {
  return /[.!?:]$/.test(text) || text === '' ? text : `${text}.`;
}

function fittedOrWhole(text: string, width: number): string {
  return columnsOf(text) <= width ? text : fitted(text, width);
}
