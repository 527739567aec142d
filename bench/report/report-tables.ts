import { share } from './format.ts';
import type { ReportModel } from './report-model.ts';
import { resourceColumns } from './resource-row.ts';
import { asCommitted, type EstimateText, type VariantRow } from './variant-rows.ts';

/** A cell: its text, a second line (an interval, a remark) or '', and how it is set. Neither is escaped. */
export type TableCell = {
  readonly text: string;
  readonly detail: string;
  readonly kind: 'words' | 'prose' | 'number' | 'code';
};

/** A table that HTML and Markdown show alike; the first cell of a row names it. */
export type ReportTable = {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly columns: readonly { name: string; numeric: boolean }[];
  readonly rows: readonly (readonly TableCell[])[];
};

/** The tables that have something to show, in reading order. */
export function reportTables(model: ReportModel): ReportTable[] {
  const tables = [
    variantTable(model),
    leftTable(model),
    diagnosticTable(model),
    levelTable(model),
    latencyTable(model),
    serverTable(model),
    resourceTable(model),
    gpuTable(model),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

type Column = readonly [name: string, cell: (row: VariantRow) => TableCell];

function variantTable(model: ReportModel): ReportTable {
  const columns: Column[] = [
    ['Variant', named],
    ['Settings', settingsCell],
    ...(model.withLoads ? [['Load', ({ sent }) => words(sent)] satisfies Column] : []),
    ...(model.withLevels ? [['Outstanding', ({ level }) => number(level)] satisfies Column] : []),
    ['Gain', ({ gain }) => estimate(gain)],
    ['Claim', ({ claim }) => words(claim)],
    ['Best set', ({ bestSet }) => words(bestSet)],
    ['Throughput', ({ throughput }) => estimate(throughput)],
    ['p50', ({ p50 }) => estimate(p50)],
    ['p99', ({ p99, p99Unclaimed }) => estimate(p99, p99Unclaimed ? 'no claim' : '')],
    ...(model.withCost ? [['CPU per 1000', ({ cost }) => estimate(cost)] satisfies Column] : []),
    ...(model.withConstraints ? [['Constraints', ({ constraints }) => words(constraints)] satisfies Column] : []),
    ['Errors', ({ errors }) => number(errors)],
    ['Invalid slices', ({ invalidSlices }) => number(invalidSlices)],
    ['Load time', ({ load }) => number(load)],
    ['In force', ({ proof }) => words(proof)],
  ];
  const few = model.measured.some(({ p99Unclaimed }) => p99Unclaimed)
    ? ' A p99 of too few requests is shown without a claim.'
    : '';
  const cost = model.withCost ? ' CPU per 1000 is the processor time of the server for 1 000 inferences.' : '';
  const caption = `Gain in ${model.metric}: ${model.gainFormula}, minus 1, with simultaneous ${share(model.confidence)} intervals. The other columns are geometric means over blocks, each with its own interval${model.withLoads ? '; throughput is in inferences per second, whatever a request holds of them' : ''}.${cost}${few}`;
  return tableOf({ id: 'variants', title: 'Variants', caption }, columns, model.measured);
}

function leftTable(model: ReportModel): ReportTable {
  const columns: Column[] = [
    ['Variant', named],
    ['Status', ({ status }) => words(status)],
    ['Reason', ({ reason }) => prose(reason)],
    ['Settings', settingsCell],
  ];
  const caption = 'These have no estimate and took no part in the verdict.';
  return tableOf({ id: 'not-measured', title: 'Not measured', caption }, columns, model.left);
}

function diagnosticTable(model: ReportModel): ReportTable {
  return {
    id: 'diagnostics',
    title: 'Diagnostics',
    caption: 'What was noticed about these measurements, and what to do about it.',
    columns: ['About', 'Finding', 'Advice'].map((name) => ({ name, numeric: false })),
    rows: model.diagnostics.map(({ variant, message, advice }) => [code(variant), prose(message), prose(advice)]),
  };
}

function levelTable(model: ReportModel): ReportTable {
  const columns: Column[] = [
    ['Variant', named],
    ['Outstanding', ({ level }) => number(level)],
    ['Limits', ({ levelHolds }) => words(levelHolds)],
    ['Seen', ({ ladder }) => prose(ladder)],
  ];
  const caption =
    'The level of each variant, and the throughput at those that were looked at to choose it; none of that enters the verdict.';
  return tableOf({ id: 'levels', title: 'Levels', caption }, columns, model.climbed);
}

function latencyTable(model: ReportModel): ReportTable {
  const columns: Column[] = [
    ['Variant', named],
    ['Mean', ({ mean }) => estimate(mean)],
    ['Min', ({ latencies }) => number(latencies.min)],
    ['p50', ({ latencies }) => number(latencies.pooledP50)],
    ['p90', ({ latencies }) => number(latencies.p90)],
    ['p95', ({ latencies }) => number(latencies.p95)],
    ['p99', ({ latencies }) => number(latencies.pooledP99)],
    ['p99.9', ({ latencies }) => number(latencies.p999)],
    ['Max', ({ latencies }) => number(latencies.max)],
    ['First request', ({ firstRequest }) => number(firstRequest)],
    ['Requests', ({ requests }) => number(requests)],
  ];
  const caption =
    'From the merged histograms of all blocks; the mean is a geometric mean over blocks. The first request after a load is not in the others.';
  return tableOf({ id: 'latencies', title: 'Latency in full', caption }, columns, model.measured);
}

function serverTable(model: ReportModel): ReportTable {
  const value =
    (of: (server: NonNullable<VariantRow['server']>) => string): Column[1] =>
    ({ server }) =>
      number(server === null ? '' : of(server));
  const columns: Column[] = [
    ['Variant', named],
    ['Queue', value(({ queue }) => queue)],
    ['Compute input', value(({ input }) => input)],
    ['Compute infer', value(({ infer }) => infer)],
    ['Compute output', value(({ output }) => output)],
    ['Mean batch', value(({ batch }) => batch)],
    ['Executions', value(({ executions }) => executions)],
    ['Cache hits', value(({ cacheHits }) => cacheHits)],
  ];
  const caption = "Means per request, from the server's own statistics.";
  const rows = model.measured.filter(({ server }) => server !== null);
  return tableOf({ id: 'server', title: 'Where the server spends the time', caption }, columns, rows);
}

function resourceTable(model: ReportModel): ReportTable {
  const rows = model.measured.filter(({ resources }) => resources !== null);
  const shown = resourceColumns.filter(({ isKnown }) => rows.some(({ resources }) => isKnown(resources)));
  const columns: Column[] = [
    ['Variant', named],
    ...shown.map(({ name, text }): Column => [name, ({ resources }) => number(text(resources))]),
  ];
  const caption =
    'CPUs is how many processors the server kept busy in the windows. Memory is the most resident memory of its processes, what they share counted for each. The rest is from its metrics page, read before and after each load, warm-up included.';
  const table = tableOf({ id: 'resources', title: 'What the server took', caption }, columns, rows);
  return shown.length === 0 ? { ...table, rows: [] } : table;
}

function gpuTable(model: ReportModel): ReportTable {
  const caption =
    'Of each GPU of the host, read just before and just after the load of each slice, never in between: a GPU that nobody loads is already cooling then.';
  const names = [
    'Variant',
    'GPU',
    'Busy',
    'Power',
    'Temperature',
    'SM clock',
    'Memory clock',
    'Memory',
    'Throttled by',
  ];
  const rows = model.measured.flatMap((row) =>
    (row.resources?.gpus ?? []).map((gpu) => [
      named(row),
      words(gpu.name),
      ...[gpu.utilisation, gpu.power, gpu.temperature, gpu.smClock, gpu.memoryClock, gpu.memory].map(number),
      words(gpu.throttledBy),
    ]),
  );
  return {
    id: 'gpus',
    title: 'GPUs',
    caption,
    columns: names.map((name, index) => ({ name, numeric: index >= 2 && index < names.length - 1 })),
    rows,
  };
}

function tableOf(
  head: Pick<ReportTable, 'id' | 'title' | 'caption'>,
  columns: readonly Column[],
  rows: readonly VariantRow[],
): ReportTable {
  const cells = rows.map((row) => columns.map(([, cell]) => cell(row)));
  const numeric = columns.map((_, index) => cells.some((row) => row[index]?.kind === 'number'));
  return {
    ...head,
    columns: columns.map(([name], index) => ({ name, numeric: numeric[index] === true })),
    rows: cells,
  };
}

function named({ id, pick, baseline }: VariantRow): TableCell {
  return {
    text: id,
    detail: pick && !baseline ? 'pick' : baseline && id !== 'baseline' ? 'baseline' : '',
    kind: 'code',
  };
}

function settingsCell({ settings }: VariantRow): TableCell {
  return settings === asCommitted ? words(settings) : code(settings);
}

function estimate({ point, interval }: EstimateText, remark = ''): TableCell {
  return { text: point, detail: [interval, remark].filter((part) => part !== '').join('; '), kind: 'number' };
}

function number(text: string): TableCell {
  return { text, detail: '', kind: 'number' };
}

function words(text: string): TableCell {
  return { text, detail: '', kind: 'words' };
}

function prose(text: string): TableCell {
  return { text, detail: '', kind: 'prose' };
}

function code(text: string): TableCell {
  return { text, detail: '', kind: 'code' };
}
