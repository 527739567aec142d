import { type Command, Option } from 'commander';
import type { Transport as TransportName } from '../plan/plan.ts';
import { percentileOption, percentOption, threadsOption, timeOption, toleranceOption } from './load-values.ts';
import { countOption, seedOption } from './options.ts';

/** The options as they were given; what is left out is undefined unless it has a default here. */
export type LoadOptions = {
  readonly modelName: string;
  readonly modelVersion?: string;
  readonly url?: string;
  readonly protocol?: 'http' | 'grpc';
  readonly transport?: TransportName;
  readonly allowRemote?: true;
  readonly batchSize: number;
  readonly concurrencyRange?: string;
  readonly requestRateRange?: string;
  readonly requestDistribution?: 'constant' | 'poisson';
  readonly requestIntervals?: string;
  readonly ramp?: string;
  readonly maxInFlight?: number;
  readonly whenFull?: 'wait' | 'drop';
  readonly latencyThreshold?: number;
  readonly binarySearch?: true;
  readonly percentile?: number;
  readonly inputData?: readonly string[];
  readonly shape?: readonly string[];
  readonly inputRange?: readonly string[];
  readonly expected?: readonly string[];
  readonly tolerance?: number;
  readonly randomSeed: number;
  readonly measurementInterval?: number;
  readonly warmUp?: number;
  readonly measurementRequestCount?: number;
  readonly maxTrials: number;
  readonly stabilityPercentage: number;
  readonly connections: 'own' | 'shared' | undefined;
  readonly threads: 'auto' | number;
  readonly requestTimeout?: number;
  readonly failFast?: true;
  readonly header?: readonly string[];
  readonly headerFile?: string;
  readonly proxy?: string;
  readonly grpcCompressionAlgorithm?: 'none' | 'gzip' | 'deflate';
  readonly sslHttpsCaCertificatesFile?: string;
  readonly sslHttpsClientCertificateFile?: string;
  readonly sslHttpsPrivateKeyFile?: string;
  readonly sslGrpcUseSsl?: true;
  readonly sslGrpcRootCertificationsFile?: string;
  readonly sslGrpcPrivateKeyFile?: string;
  readonly sslGrpcCertificateChainFile?: string;
  readonly sslServerName?: string;
  readonly latencyReportFile?: string;
  readonly hgrm?: string;
  readonly hlog?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
};

type Row = readonly [flags: string, description: string, more?: (option: Option) => Option];

/** Adds every option of `load`: names, defaults, parsers and help stand here and nowhere else. */
export function addLoadOptions(command: Command): Command {
  for (const [title, rows] of Object.entries(table)) {
    command.optionsGroup(`${title}:`);
    for (const [flags, description, more = (option: Option) => option] of rows) {
      command.addOption(more(new Option(flags, description)));
    }
  }
  return command;
}

const choices =
  (...values: string[]) =>
  (option: Option): Option =>
    option.choices(values);
/** perf_analyzer's users write gRPC. */
const inAnyCase =
  (...values: string[]) =>
  (option: Option): Option => {
    const parse = option.choices(values).parseArg;
    return option.argParser((given: string, before: string) => parse?.(given.toLowerCase(), before) ?? before);
  };
const parsed =
  <T>(parse: (text: string) => T, value?: T) =>
  (option: Option): Option =>
    option.argParser(parse).default(value);
const list = (option: Option): Option =>
  option.argParser((given: string, before: readonly string[] | undefined) => [...(before ?? []), given]);

const table: Readonly<Record<string, readonly Row[]>> = {
  'What is loaded': [
    ['-m, --model-name <name>', 'the model', (option) => option.makeOptionMandatory()],
    ['-x, --model-version <version>', 'its version; else the one that the server picks'],
    [
      '-u, --url <address>',
      'HOST:PORT, or a URL of http, https, grpc or grpcs (localhost:8000, for gRPC localhost:8001)',
    ],
    ['-i, --protocol <name>', 'the protocol, where the address does not say it (http)', inAnyCase('http', 'grpc')],
    [
      '--transport <name>',
      'the implementation: the plain sockets cost least, the conventional clients do TLS, compression and proxies; chosen by what the target needs',
      choices('http', 'grpc', 'http-undici', 'grpc-js'),
    ],
    ['--allow-remote', 'load another host than this one'],
  ],
  'How much': [
    ['--concurrency-range <start:end:step>', 'requests outstanding at once, each level in turn; also 8 or 1,2,4,8 (1)'],
    [
      '--request-rate-range <start:end:step>',
      'requests per second, whatever becomes of those before them; each level in turn',
    ],
    [
      '--request-distribution <name>',
      'times between the requests of a rate (constant)',
      choices('constant', 'poisson'),
    ],
    ['--request-intervals <file>', 'times between requests in microseconds, one on a line, over again at the end'],
    ['--ramp <from:to:time>', 'a rate that goes from one value to another: 10:1000:30s'],
    ['--max-in-flight <n>', 'most requests of a rate that are outstanding at once (4096)', parsed(countOption)],
    [
      '--when-full <rule>',
      'a request beyond that waits, or is dropped and counted (drop; wait with --max-in-flight)',
      choices('wait', 'drop'),
    ],
    ['-b, --batch-size <n>', 'examples in one request', parsed(countOption, 1)],
    [
      '--connections <kind>',
      'own: a connection for each outstanding request; shared: one for four of a thread (default with gRPC)',
      (option) => option.choices(['own', 'shared']),
    ],
    [
      '--threads <n>',
      'threads that send: a number, or auto for as many as a short trial asks for',
      parsed(threadsOption, 'auto' as const),
    ],
  ],
  'How long': [
    ['-p, --measurement-interval <time>', 'length of one window: 500ms, 5s, or plain ms (5000)', parsed(timeOption)],
    ['--warm-up <time>', 'least time before the window (1s)', parsed(timeOption)],
    [
      '--measurement-request-count <n>',
      'windows follow one another until so many requests are measured',
      parsed(countOption),
    ],
    [
      '-r, --max-trials <n>',
      'windows follow one another until the last three agree, so many at most; all of them count',
      parsed(countOption, 1),
    ],
    [
      '-s, --stability-percentage <n>',
      'how far these three may be from their mean, in throughput and mean latency',
      parsed(percentOption, 10),
    ],
    ['--request-timeout <time>', 'a request that takes longer has failed (60s)', parsed(timeOption)],
    [
      '--fail-fast',
      'the first failed request ends the run (of a rate: its window does); else failures are counted and it goes on',
    ],
  ],
  'What is asked of the latency': [
    [
      '-l, --latency-threshold <ms>',
      'the first level whose latency is above it is the last; plain ms or 5ms',
      parsed(timeOption),
    ],
    [
      '--binary-search',
      'search the highest level of the range that meets the threshold, each level measured until it is decided',
    ],
    [
      '--percentile <n>',
      'the percentile that the threshold and the last lines are about; else the mean',
      parsed(percentileOption),
    ],
  ],
  'What is sent': [
    [
      '--input-data <source>',
      "CSV, perf_analyzer's JSON or .npy; NAME=FILE.npy for each input; a folder of INPUT.npy; random (the default) or zero",
      list,
    ],
    ['--shape <name:dims>', 'dimensions of one example where the model leaves them open: IMAGE:3,224,224', list],
    ['--input-range <name:least,most>', 'values of a random input: IDS:0,30000', list],
    [
      '--expected <source>',
      'the right outputs, NAME=FILE.npy for each or a folder of OUTPUT.npy: every answer is compared',
      list,
    ],
    [
      '--tolerance <n>',
      'how far a floating point answer may be off, absolutely or relative to the expected value',
      parsed(toleranceOption),
    ],
    ['--random-seed <n>', 'of random inputs and of Poisson times', parsed(seedOption, 1)],
  ],
  'On the way': [
    [
      '-H, --header <name:value>',
      'header or gRPC metadata sent with every request; others can see it in the process list',
      list,
    ],
    ['--header-file <file>', 'the same, one on a line; the variable TRITUNE_HEADERS works as well'],
    ['--proxy <url>', 'http://HOST:PORT; other hosts are reached through http_proxy and its kin as well'],
    ['--grpc-compression-algorithm <name>', 'of gRPC requests and answers', choices('none', 'gzip', 'deflate')],
    [
      '--ssl-https-ca-certificates-file <file>',
      "PEM of the authorities that the server's certificate is checked against",
    ],
    ['--ssl-https-client-certificate-file <file>', "PEM of the client's certificate"],
    ['--ssl-https-private-key-file <file>', 'PEM of its key'],
    ['--ssl-grpc-use-ssl', 'TLS for gRPC; grpcs:// says the same'],
    ['--ssl-grpc-root-certifications-file <file>', 'as above, for gRPC'],
    ['--ssl-grpc-certificate-chain-file <file>', 'as above, for gRPC'],
    ['--ssl-grpc-private-key-file <file>', 'as above, for gRPC'],
    ['--ssl-server-name <name>', "the name in the server's certificate, where it is not the host of the address"],
  ],
  Output: [
    ['-f, --latency-report-file <file>', 'a CSV file with the columns of perf_analyzer'],
    [
      '--hgrm <file>',
      "percentiles in ms as text, as HdrHistogram's plotter reads them; with several levels a file for each",
    ],
    ['--hlog <file>', 'the histograms of all windows as an HdrHistogram log, tagged by level'],
    ['--json', 'print the result as JSON'],
    ['--quiet', 'no progress'],
    ['-v, --verbose', 'also tell what was resolved, chosen and measured, window by window'],
  ],
};
