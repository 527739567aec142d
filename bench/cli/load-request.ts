import { readdirSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { messageOf } from '../failure.ts';
import { type DataSource, parseRanges, parseShapes, parseSource } from '../load/data/data-options.ts';
import type { WorkloadSpec } from '../load/data/read-workload.ts';
import { noSharing } from '../load/http/transport.ts';
import type { LevelQuestion } from '../load/report/level.ts';
import type { TlsTarget } from '../load/transport.ts';
import type { Transport as TransportName } from '../plan/plan.ts';
import type { Host } from './host.ts';
import { parseServerName, type ServerName } from './load-address.ts';
import { type OutputFiles, readOutputFiles } from './load-files.ts';
import { type Headers, readHeaders } from './load-headers.ts';
import type { LoadOptions } from './load-options.ts';
import { checkThreads, conflict, type Pacings, readPacings } from './load-pacing.ts';
import { chooseProxy } from './load-proxy.ts';
import { readTls, secured } from './load-tls.ts';

/** One command line, read and checked; nothing has been asked of any server yet. */
export type LoadRequest = {
  readonly model: string;
  readonly modelVersion: string | null;
  readonly server: ServerName;
  readonly allowRemote: boolean;
  /** Null for the cheapest that does what the target needs. */
  readonly transport: TransportName | null;
  readonly headers: Headers;
  readonly tls: TlsTarget | null;
  readonly compression: 'none' | 'gzip' | 'deflate';
  readonly proxy: string | null;
  readonly pacings: Pacings;
  readonly search: boolean;
  readonly question: LevelQuestion;
  readonly workload: WorkloadSpec;
  /** Null for what is usual with the transport. */
  readonly shared: boolean | null;
  readonly threads: 'auto' | number;
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly trials: Trials;
  readonly requestTimeoutMs: number;
  /** How long a server may answer nothing before a window opens. */
  readonly firstAnswerMs: number;
  readonly failFast: boolean;
  readonly files: OutputFiles;
};

/** How often a level is measured. */
export type Trials = { readonly most: number; readonly requestCount: number | null };

const windowDefaultMs = 5_000;
const warmUpDefaultMs = 1_000;
const requestTimeoutDefaultMs = 60_000;
/** Beyond warm-up and window, where no time-out was asked for. */
const firstAnswerGraceMs = 5_000;

/** @throws Failure (usage) for whatever in it cannot be done. */
export async function readLoadRequest(options: LoadOptions, host: Pick<Host, 'cwd' | 'env'>): Promise<LoadRequest> {
  const { cwd, env } = host;
  const server = secured(parseServerName(options.url, protocolOf(options)), options);
  const pacings = await readPacings(options, cwd);
  checkNames(options);
  checkSearch(options, pacings);
  if (options.connections === 'shared' && server.protocol === 'http') throw noSharing();
  const isTransportOf = options.transport?.startsWith(server.protocol) ?? true;
  if (!isTransportOf)
    throw conflict(
      `the transport ${options.transport} does not speak ${server.protocol}`,
      'leave --transport or --protocol out',
    );
  const compression = options.grpcCompressionAlgorithm ?? 'none';
  if (compression !== 'none' && server.protocol === 'http') {
    throw conflict('--grpc-compression-algorithm is about gRPC', 'add --protocol grpc, or leave it out');
  }
  checkThreads(options.threads, pacings);
  const workload = readWorkloadSpec(options, cwd);
  const warmUpMs = pacings.kind === 'ramp' ? 0 : (options.warmUp ?? warmUpDefaultMs);
  const windowMs = pacings.durationMs ?? options.measurementInterval ?? windowDefaultMs;
  return {
    model: options.modelName,
    modelVersion: options.modelVersion ?? null,
    server,
    allowRemote: options.allowRemote === true,
    transport: options.transport ?? null,
    headers: readHeaders({
      options: options.header ?? [],
      file: options.headerFile === undefined ? undefined : resolve(cwd, options.headerFile),
      environment: env.TRITUNE_HEADERS,
    }),
    tls: readTls(server, options, cwd),
    compression,
    proxy: chooseProxy(options.proxy, server, env),
    pacings,
    search: options.binarySearch === true,
    question: {
      batchSize: options.batchSize,
      percentile: options.percentile ?? null,
      thresholdNs: options.latencyThreshold === undefined ? null : options.latencyThreshold * 1e6,
      stabilityRatio: options.stabilityPercentage / 100,
    },
    workload,
    shared: options.connections === undefined ? null : options.connections === 'shared',
    threads: options.threads,
    warmUpMs,
    windowMs,
    trials: { most: options.maxTrials, requestCount: options.measurementRequestCount ?? null },
    requestTimeoutMs: options.requestTimeout ?? requestTimeoutDefaultMs,
    firstAnswerMs: options.requestTimeout ?? warmUpMs + windowMs + firstAnswerGraceMs,
    failFast: options.failFast === true,
    files: readOutputFiles(options, cwd, { levels: pacings.levels, inputs: inputsOf(options, workload, cwd) }),
  };
}

/** The transport says the protocol as well. */
function protocolOf({ protocol, transport }: LoadOptions): 'http' | 'grpc' | undefined {
  return protocol ?? (transport === undefined ? undefined : transport.startsWith('grpc') ? 'grpc' : 'http');
}

function checkNames({ modelName, modelVersion }: LoadOptions): void {
  for (const name of [modelName, modelVersion ?? '1']) {
    if (name === '' || name.length > 1024 || !name.isWellFormed()) {
      throw conflict(
        'a name of a model or a version is empty or cannot be sent',
        'write -m NAME, and -x VERSION or nothing',
      );
    }
  }
  // A path of HTTP takes such a name for one of its folders.
  if (modelName === '.' || modelName === '..') throw conflict(`${modelName} is no name of a model`, 'write -m NAME');
}

function checkSearch(
  { binarySearch, latencyThreshold, maxTrials, measurementRequestCount }: LoadOptions,
  { levels, kind }: Pacings,
): void {
  if (binarySearch !== true) return;
  if (latencyThreshold === undefined)
    throw conflict('--binary-search needs something to search for', 'add --latency-threshold MS');
  if (levels.length < 2) {
    throw conflict(
      '--binary-search needs a range of levels',
      `add ${kind === 'rate' ? '--request-rate-range' : '--concurrency-range'} START:END:STEP`,
    );
  }
  if (maxTrials !== 1 || measurementRequestCount !== undefined) {
    throw conflict(
      'a search decides itself how often it measures a level',
      'leave --max-trials and --measurement-request-count out',
    );
  }
}

function readWorkloadSpec(options: LoadOptions, cwd: string): WorkloadSpec {
  const { inputData = ['random'], expected, tolerance, shape = [], inputRange = [], randomSeed } = options;
  return {
    source: sourceOf(inputData, cwd),
    expected: expected === undefined ? null : sourceOf(expected, cwd),
    tolerance: tolerance === undefined ? null : { absolute: tolerance, relative: tolerance },
    shapes: parseShapes(shape),
    ranges: parseRanges(inputRange),
    seed: randomSeed,
    maxBatchSize: null,
    distinctRequestCount: null,
  };
}

/** All files that the load reads, but for those of TLS. */
function inputsOf(
  { requestIntervals, headerFile }: LoadOptions,
  { source, expected }: WorkloadSpec,
  cwd: string,
): string[] {
  const named = [requestIntervals, headerFile].flatMap((file) => (file === undefined ? [] : [resolve(cwd, file)]));
  const ofData = [source, expected].flatMap((data) => {
    if (data?.kind === 'file') return [data.file];
    return data?.kind === 'files' ? [...data.files.values()] : [];
  });
  return [...named, ...ofData];
}

/** A folder stands for the .npy files in it, each named like its tensor. */
function sourceOf(texts: readonly string[], cwd: string): DataSource {
  const [only = ''] = texts;
  const folder = resolve(cwd, only);
  const isMadeUp = only === 'random' || only === 'zero' || only === '';
  if (texts.length !== 1 || isMadeUp || !isFolder(folder)) return parseSource(texts, cwd);
  const names = namesIn(folder).filter((name) => extname(name) === '.npy');
  if (names.length === 0)
    throw conflict(`the folder ${folder} holds no .npy files`, 'put one file there for each tensor: NAME.npy');
  return { kind: 'files', files: new Map(names.map((name) => [basename(name, '.npy'), join(folder, name)])) };
}

/** What cannot be looked at is no folder: whoever reads it says why. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw conflict(`the folder ${folder} cannot be read: ${messageOf(error)}`, 'name a folder that can be read');
  }
}
