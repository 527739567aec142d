import type { ClientRun } from './client-run.ts';
import { median, type Outcome } from './rounds.ts';

/** One client against one server: medians over its runs, and ratios to the first client of the same table. */
export type Row = {
  readonly client: string;
  readonly runs: readonly ClientRun[];
  /** Null where no run succeeded. */
  readonly medians: Figures | null;
  /** Medians of the ratios within each round, which is what interleaving is for. */
  readonly ratios: Pick<Figures, 'requestsPerSecond' | 'meanLatencyNs' | 'cpuUsPerRequest'> | null;
  readonly sinceDue: ClientRun['sinceDue'];
  readonly errorCount: number | null;
  readonly failure: string | null;
};

export type Figures = Omit<ClientRun, 'errorCount' | 'sinceDue'>;

export type Table = { readonly title: string; readonly rows: readonly Row[] };

export function summarise(title: string, outcomes: readonly Outcome[]): Table {
  const [base] = outcomes;
  return { title, rows: outcomes.map((outcome) => rowOf(outcome, base?.runs ?? [])) };
}

/** As text, a line a client. */
export function renderTable({ title, rows }: Table): string {
  const columns = columnsOf(rows);
  const cells = [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  const failures = rows.flatMap(({ client, failure }) => (failure === null ? [] : [`${client} failed: ${failure}`]));
  return [title, ...lines, ...failures, ''].join('\n');
}

type Column = readonly [name: string, cell: (row: Row) => string];

function columnsOf(rows: readonly Row[]): Column[] {
  const due: Column[] = [
    ['mean due us', ({ sinceDue }) => fixed(sinceDue?.meanNs, 1, 1e3)],
    ['p99 due us', ({ sinceDue }) => fixed(sinceDue?.p99Ns, 0, 1e3)],
  ];
  return [
    ['client', ({ client }) => client],
    ['seen/s', ({ medians }) => fixed(medians?.requestsPerSecond, 0)],
    ['answered/s', ({ medians }) => fixed(medians?.answeredPerSecond, 0)],
    ['mean us', ({ medians }) => fixed(medians?.meanLatencyNs, 1, 1e3)],
    ['p99 us', ({ medians }) => fixed(medians?.p99LatencyNs, 0, 1e3)],
    ...(rows.some(({ sinceDue }) => sinceDue !== null) ? due : []),
    ['CPU us/req', ({ medians }) => fixed(medians?.cpuUsPerRequest, 1)],
    ['x seen', ({ ratios }) => fixed(ratios?.requestsPerSecond, 2)],
    ['x mean', ({ ratios }) => fixed(ratios?.meanLatencyNs, 2)],
    ['x CPU', ({ ratios }) => fixed(ratios?.cpuUsPerRequest, 2)],
    ['errors', ({ errorCount }) => fixed(errorCount ?? undefined, 0)],
  ];
}

function fixed(value: number | undefined, digits: number, unit = 1): string {
  return value === undefined ? '-' : (value / unit).toFixed(digits);
}

function rowOf({ client, runs, failure }: Outcome, base: readonly ClientRun[]): Row {
  if (runs.length === 0)
    return { client, runs, medians: null, ratios: null, sinceDue: null, errorCount: null, failure };
  const over = (key: keyof Figures): number => median(runs.map((run) => run[key]));
  const ratio = (key: keyof Figures): number =>
    median(runs.flatMap((run, round) => (base[round] === undefined ? [] : [run[key] / base[round][key]])));
  const counts = runs.flatMap(({ errorCount }) => (errorCount === null ? [] : [errorCount]));
  return {
    client,
    runs,
    medians: {
      requestsPerSecond: over('requestsPerSecond'),
      answeredPerSecond: over('answeredPerSecond'),
      meanLatencyNs: over('meanLatencyNs'),
      p99LatencyNs: over('p99LatencyNs'),
      cpuUsPerRequest: over('cpuUsPerRequest'),
    },
    ratios: {
      requestsPerSecond: ratio('requestsPerSecond'),
      meanLatencyNs: ratio('meanLatencyNs'),
      cpuUsPerRequest: ratio('cpuUsPerRequest'),
    },
    sinceDue: sinceDueOf(runs),
    errorCount: counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0),
    failure,
  };
}

function sinceDueOf(runs: readonly ClientRun[]): Row['sinceDue'] {
  const told = runs.flatMap(({ sinceDue }) => (sinceDue === null ? [] : [sinceDue]));
  if (told.length === 0) return null;
  return { meanNs: median(told.map(({ meanNs }) => meanNs)), p99Ns: median(told.map(({ p99Ns }) => p99Ns)) };
}
