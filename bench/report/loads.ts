import { startWith } from './applied-sentence.ts';
import { name, names } from './phrases.ts';
import { plainText } from './plain-text.ts';
import type { Results, VariantResult } from './results.ts';

type OwnLoad = Pick<VariantResult['load'], 'concurrency' | 'batchSize' | 'protocol'>;

/** "closed loop, 8 outstanding, batch 1, HTTP"; with other words for how many where each variant finds its own level. */
export function describeLoad(load: OwnLoad, outstanding?: string): string {
  const [own, ...rest] = partsOf(load);
  return `closed loop, ${[outstanding ?? own, ...rest].join(', ')}`;
}

/** "8 outstanding, batch 1, HTTP". */
export function loadText(load: OwnLoad): string {
  return plainText(partsOf(load).join(', '));
}

/** Whether variants with numbers were sent different loads, so that each is told with its own. */
export function loadsDiffer({ variants }: Results): boolean {
  return loadsMeasured(variants).length > 1;
}

/** The distinct loads of the variants that have numbers, the baseline's first. */
export function loadsMeasured(variants: readonly VariantResult[]): string[] {
  const measured = variants.filter(({ status }) => status === 'measured' || status === 'screened out');
  return [...new Set(measured.map(textBesideLevel))];
}

/** Levels that were found are told by themselves: they are no loads that a plan compares. */
function textBesideLevel({ load, capacity }: VariantResult): string {
  return capacity === null ? loadText(load) : plainText(partsOf(load).slice(1).join(', '));
}

/** The pick as something to deploy; `aside` is what its load has that the baseline's has not, or ''. */
export function pickInWords(results: Results): { what: string; aside: string } {
  const { pick, baseline } = pickOf(results);
  const id = name(results.verdict.pick);
  if (pick === undefined || baseline === undefined || !pick.differsIn.includes('load')) return { what: id, aside: '' };
  const other = otherParts(pick.load, baseline.load);
  return pick.differsIn.some((what) => what !== 'load')
    ? { what: id, aside: `, with ${other}` }
    : { what: 'the same configuration', aside: `, with ${other} (${id})` };
}

/** What kind of comparison it is where loads differ; nothing where they do not. */
export function comparisonOfLoads({ variants }: Results): string[] {
  const measured = variants.filter(({ status }) => status === 'measured' || status === 'screened out');
  const alone = measured.filter(({ differsIn }) => differsIn.join() === 'load').map(({ id }) => id);
  const both = Map.groupBy(
    measured.filter(({ differsIn }) => differsIn.includes('load') && differsIn.length > 1),
    ({ differsIn }) => listed(differsIn.map((what) => differences[what])),
  );
  return [
    ...(alone.length === 0
      ? []
      : [
          `A comparison of loads, not of configurations: ${names(alone)} ${alone.length === 1 ? 'has' : 'have'} the configuration of the baseline and another load.`,
        ]),
    ...[...both].map(
      ([what, rows]) =>
        `${names(rows.map(({ id }) => id))} ${rows.length === 1 ? 'differs' : 'differ'} from the baseline in ${what}: how much is due to which cannot be told.`,
    ),
  ];
}

const differences = { configuration: 'configuration', server: 'flags of the server', load: 'load' } as const;

/** "a", "a and b", "a, b, and c". */
function listed(parts: readonly string[]): string {
  if (parts.length < 3) return parts.join(' and ');
  return `${parts.slice(0, -1).join(', ')}, and ${parts.at(-1)}`;
}

/** What to do with a pick whose load is part of what was claimed; null where it is none of it. */
export function nextWithLoad(results: Results): string | null {
  const { pick } = pickOf(results);
  if (pick === undefined || !pick.differsIn.includes('load')) return null;
  const send = plainText(`let the clients send as it was measured: ${describeLoad(pick.load)}`);
  if (pick.differsIn.length === 1)
    return `Next: nothing to change on the server, winner.config.pbtxt is the baseline's; ${send}.`;
  const server = pick.differsIn.includes('server') ? [startWith(pick)] : [];
  if (!pick.differsIn.includes('configuration'))
    return `Next: ${server.join('')}, and ${send}; config.pbtxt stays as it is.`;
  const put = "put winner.config.pbtxt in the place of the model's config.pbtxt";
  return `Next: ${[put, ...server].join(', ')}, and ${send}.`;
}

function pickOf({ verdict, variants }: Results): { pick?: VariantResult; baseline?: VariantResult } {
  const pick = variants.find(({ id }) => id === verdict.pick);
  const baseline = variants.find((variant) => variant.baseline);
  return { ...(pick === undefined ? {} : { pick }), ...(baseline === undefined ? {} : { baseline }) };
}

function otherParts(load: OwnLoad, baseline: OwnLoad): string {
  const before = partsOf(baseline);
  return plainText(
    partsOf(load)
      .filter((part, index) => part !== before[index])
      .join(', '),
  );
}

const protocolNames = new Map([
  ['http', 'HTTP'],
  ['grpc', 'gRPC'],
  ['http-undici', 'HTTP (undici)'],
  ['grpc-js', 'gRPC (grpc-js)'],
]);

function partsOf({ concurrency, batchSize, protocol }: OwnLoad): [string, string, string] {
  return [`${concurrency} outstanding`, `batch ${batchSize}`, protocolNames.get(protocol) ?? protocol];
}
