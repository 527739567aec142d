import type { SearchResult } from '../load/levels/search.ts';
import type { LatencySummary } from '../load/report/latency-summary.ts';
import type { LevelReport } from '../load/report/level.ts';
import { count, duration, latency, noValue, plainNumber, rate, share } from '../report/format.ts';
import { plainText } from '../report/plain-text.ts';
import type { LoadSubject } from './load-prepare.ts';

/** What a load is of, in one line or two. */
export function describeSubject(about: LoadSubject): string {
  const { model, modelVersion, address, protocol, transport, server, batchSize } = about;
  const version = modelVersion === null ? '' : ` version ${modelVersion}`;
  const by = transport === protocol ? '' : ` by ${transport}`;
  const extras = [
    about.tls ? 'TLS' : '',
    about.compression === 'none' ? '' : about.compression,
    about.proxy === null ? '' : `through the proxy ${about.proxy}`,
    protocol === 'grpc' ? `connections ${about.connections === 'shared' ? 'shared' : 'of their own'}` : '',
  ].filter((text) => text !== '');
  const more = extras.length === 0 ? '' : `, ${extras.join(', ')}`;
  const who = server.name === '' ? '' : ` (${server.name} ${server.version})`;
  const checks = about.checksValues
    ? 'answers are compared with the expected ones'
    : 'answers are checked for their form alone';
  return [
    plainText(`${model}${version} on ${address}${who}, ${protocol}${by}${more}`),
    plainText(`batch size ${batchSize}; ${about.input}; ${checks}`),
    '',
  ].join('\n');
}

/** One level, its numbers first, then why they may not be used, then what helps to read them. */
export function describeLevel(level: LevelReport): string {
  const { schedule, invalid, notes } = level;
  const lines = [
    `${title(level)}`,
    row('throughput', throughput(level)),
    ...(schedule === null
      ? [row('latency', latencies(level.latencyNs))]
      : [
          row('offered', offered(level)),
          row('latency', `${latencies(level.latencyNs)} (from the intended start)`),
          row('', `${latencies(schedule.fromSendNs)} (from the send)`),
          row('lateness', `${brief(schedule.latenessNs)} (of the client itself)`),
        ]),
    row('server', serverLine(level)),
    row('client', clientLine(level)),
    ...spreadLines(level),
    ...(level.meetsThreshold === null ? [] : [row('threshold', level.meetsThreshold ? 'met' : 'not met')]),
    ...invalid.map((reason) => row('INVALID', reason)),
    ...notes.map((note) => row('note', note)),
  ];
  return lines.map((line) => `${plainText(line)}\n`).join('');
}

/** What a search found. */
export function describeSearch({ highest, beyond, complete, measurementCount }: SearchResult): string {
  const undecided = highest === null ? 'no level was decided' : 'levels above it were not decided';
  const found =
    highest === null
      ? 'no level was shown to meet the threshold'
      : `the highest level that meets the threshold: ${highest}`;
  const none = complete ? 'there is none above it in the range' : undecided;
  const next = beyond === null ? none : `${beyond} was not shown to meet it`;
  const rest = complete ? '' : '; the search ended before it was decided';
  return `${found}; ${next} (${measurementCount} measurements)${rest}\n`;
}

function title({ pacing, batchSize }: LevelReport): string {
  const batch = batchSize === 1 ? '' : `, batch size ${batchSize}`;
  switch (pacing.kind) {
    case 'closed':
      return `Concurrency ${pacing.concurrency}${batch}`;
    case 'constant':
    case 'poisson':
      return `Request rate ${rate(pacing.requestsPerSecond)}, ${pacing.kind}${batch}`;
    case 'ramp':
      return `Ramp from ${rate(pacing.fromPerSecond)} to ${rate(pacing.toPerSecond)}${batch}`;
    case 'trace':
      return `Intervals of ${pacing.file}${batch}`;
  }
}

function throughput(level: LevelReport): string {
  const { requestsPerSecond, requestCount, durationMs, failedCount } = level;
  const requests = `${count(requestCount)} in ${duration(durationMs)}, ${count(failedCount)} failed`;
  return `${rate(level.inferencesPerSecond)} inferences, ${rate(requestsPerSecond)} requests (${requests})`;
}

function offered({ schedule, requestsPerSecond }: LevelReport): string {
  if (schedule === null) return noValue;
  const { offeredPerSecond, intendedCount, droppedCount, inFlightLimit, whenFull } = schedule;
  return `${rate(offeredPerSecond)} (${count(intendedCount)} requests), achieved ${rate(requestsPerSecond)}; ${count(droppedCount)} dropped; at most ${count(inFlightLimit)} in flight, then ${whenFull}`;
}

function latencies({ mean, p50, p90, p95, p99, p999, max }: LatencySummary): string {
  const parts: [string, number | null][] = [
    ['avg', mean],
    ['p50', p50],
    ['p90', p90],
    ['p95', p95],
    ['p99', p99],
    ['p99.9', p999],
    ['max', max],
  ];
  return parts.map(([name, value]) => `${name} ${latency(value)}`).join(', ');
}

function brief({ mean, p99, max }: LatencySummary): string {
  return `avg ${latency(mean)}, p99 ${latency(p99)}, max ${latency(max)}`;
}

function serverLine({ server }: LevelReport): string {
  if (server === null) return noValue;
  const { queueNs, computeInputNs, computeInferNs, computeOutputNs, networkNs, meanBatch, cacheHitCount } = server;
  const hits = cacheHitCount > 0 ? `; ${count(cacheHitCount)} from the cache` : '';
  return `queue ${latency(queueNs)}, compute input ${latency(computeInputNs)}, infer ${latency(computeInferNs)}, output ${latency(computeOutputNs)}; network and the rest ${latency(networkNs)}; mean batch ${plainNumber(meanBatch)}${hits}`;
}

function clientLine({ client }: LevelReport): string {
  const { threadCount, busyRatio, cpuPerRequestNs } = client;
  return `${threadCount === 1 ? '1 thread' : `${threadCount} threads`}, busy ${share(busyRatio)}, ${latency(cpuPerRequestNs)} of processor time for each request`;
}

function spreadLines({ windows, spreadRatio }: LevelReport): string[] {
  if (windows.length < 2) return [];
  const rates = windows.map(({ requestsPerSecond }) => rate(requestsPerSecond)).join(', ');
  return [row('windows', `${rates} requests: spread ${share(spreadRatio)} of the mean`)];
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(11)}${text}`;
}
