import { change, count, duration, interval, rate, share } from './format.ts';
import { clause, name, names } from './phrases.ts';
import { plainText } from './plain-text.ts';
import type { AfterResult, EstimateResult, Results, VariantResult } from './results.ts';
import { limitsInSoak } from './soak-limit-words.ts';

/** What was asked of a claimed variant after the verdict, one sentence for each answer; none where nothing was claimed. */
export function afterSentences({ after, plan, variants }: Results): string[] {
  if (after.variantId === null) return [];
  const variant = name(after.variantId);
  const own = variants.find(({ id }) => id === after.variantId)?.load ?? plan.load;
  return [
    ...(after.soak === null ? [] : [soakSentence(after.soak)]),
    ...(after.range === null ? [] : [rangeSentence(after.range, own, plan.load)]),
    ...(after.client === null ? [] : [clientSentence(after.client, variant)]),
    ...skipped(after),
    ...unfinished(after),
  ];
}

/** "a gain of +4.1 % (90 % interval +2.0 % to +6.2 %)". */
export function gainWithInterval(gain: EstimateResult | null): string {
  if (gain === null || gain.point === null) return 'a gain that cannot be told';
  return `a gain of ${change(gain.point)} (${share(gain.confidence)} interval ${interval(gain, change)})`;
}

type Soak = NonNullable<AfterResult['soak']>;
type Range = NonNullable<AfterResult['range']>;
type OwnLoad = Pick<VariantResult['load'], 'concurrency' | 'batchSize'>;
type Client = NonNullable<AfterResult['client']>;

function soakSentence({ outcome, reason, gain, pairs, sliceMs, constraints }: Soak): string {
  const head = `Soak, ${pairs === 1 ? 'one pair' : `${count(pairs)} pairs`} of ${duration(sliceMs)} slices:`;
  const meaning = {
    holds: `${gainWithInterval(gain)}, no contradiction to the short slices`,
    less: `${gainWithInterval(gain)}, a little less than the short slices showed`,
    above: `${gainWithInterval(gain)}, more than the short slices showed`,
    below: `${gainWithInterval(gain)}, less than the short slices showed`,
    broken: `its requests failed (${clause(reason ?? '')})`,
    undecided: `${gainWithInterval(gain)}, too uncertain to tell${reason === null ? '' : ` (${clause(reason)})`}`,
  }[outcome];
  return `${head} ${meaning}${outcome === 'broken' ? '' : limitsInSoak(constraints)}.`;
}

function rangeSentence({ from, to, turnsAt, levels }: Range, own: OwnLoad, baseline: OwnLoad): string {
  const closed = levels.filter(({ pacing }) => pacing === 'closed');
  const open = levels.find(({ pacing }) => pacing === 'open');
  const undecided = closed.flatMap(({ outcome, concurrency }) =>
    outcome === 'undecided' && concurrency !== null ? [concurrency] : [],
  );
  const parts = [
    from === to
      ? `shown at ${count(own.concurrency)} outstanding alone`
      : `holds from ${count(from)} to ${count(to)} outstanding`,
    ...(turnsAt.length === 0 ? [] : [`turns round at ${turnsAt.map(count).join(', ')}`]),
    ...(undecided.length === 0 ? [] : [`not resolved at ${undecided.map(count).join(', ')}`]),
    ...(open === undefined ? [] : [openInWords(open, own.batchSize !== baseline.batchSize)]),
  ];
  const head =
    own.concurrency === baseline.concurrency ? 'Range' : 'Range, the load of the baseline raised and lowered alike';
  return `${head}: ${parts.join('; ')}.`;
}

function openInWords({ requestsPerSecond, outcome, gain }: Range['levels'][number], otherBatch: boolean): string {
  const meaning = {
    holds: `better in latency as well, ${gainWithInterval(gain)}`,
    'turns round': `worse in latency, ${gainWithInterval(gain)}`,
    undecided: 'no difference in latency is shown',
  }[outcome];
  const offered = otherBatch
    ? `${rate(requestsPerSecond)}, as many inferences for the baseline,`
    : rate(requestsPerSecond);
  return `in an open loop of ${offered} ${meaning}`;
}

const protocols = new Map([
  ['http', 'HTTP'],
  ['grpc', 'gRPC'],
]);

function clientSentence({ loads }: Client, variant: string): string {
  const ways = loads.map(({ transport, threads, ahead, gain }) => {
    const way = `${protocols.get(transport) ?? plainText(transport)} and ${threads === 1 ? 'one thread' : `${count(threads)} threads`}`;
    return ahead.length === 0
      ? `with ${way} nothing is ahead of it (${gainWithInterval(gain)})`
      : `with ${way} ${names(ahead)} ${ahead.length === 1 ? 'is' : 'are'} ahead of ${variant}`;
  });
  return `Another client: ${ways.join('; ')}.`;
}

function skipped({ skipped: all }: AfterResult): string[] {
  const reasons = [
    ['asked', 'as asked for'],
    ['budget', 'since the budget left no time'],
    ['unavailable', 'since neither the server nor this host has another way'],
  ] as const;
  const parts = reasons.flatMap(([reason, words]) => {
    const own = all.filter((each) => each.reason === reason).map(({ part }) => labels[part]);
    return own.length === 0 ? [] : [`${names(own)} ${words}`];
  });
  return parts.length === 0 ? [] : [`Skipped after the verdict: ${parts.join('; ')}.`];
}

const labels: Record<AfterResult['skipped'][number]['part'], string> = {
  soak: 'the soak',
  range: 'the range',
  client: 'the other client',
};

function unfinished({ finished, soak }: AfterResult): string[] {
  if (finished) return [];
  const open = soak === null ? ', but no long slices have confirmed it' : '';
  return [`What follows the verdict was interrupted: the verdict stands${open}.`];
}
