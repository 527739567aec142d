import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import { multiplyingModel } from '../engines/embedded/onnx-model.fixture.ts';
import type { Engine, Server } from '../engines/engine.ts';
import { flowers, inputOf } from '../engines/iris-requests.ts';
import { findLocal } from '../engines/local/find.ts';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import { countersBetween, readCounters } from '../kserve/statistics.ts';
import type { Tensor } from '../kserve/tensors.ts';
import { runClosedLoop } from '../load/closed-loop.ts';
import { http } from '../load/http/transport.ts';
import { plainTarget } from '../load/transport.ts';

/**
 * What the embedded server costs and how it schedules, beside the local Triton where there is one, in interleaved rounds:
 * throughput, the ceiling of a binding queue delay, the mean batch, the processors that ten instances use, and its memory
 * under load: `--soak 600` keeps it busy for ten minutes.
 */
const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, soak: { type: 'string', default: '20' } },
});
const rounds = Number(options.rounds);
const soakSeconds = Number(options.soak);
const concurrency = 8;

type Seen = { perSecond: number; meanBatch: number; cores: number };

const engines: { name: string; engine: Engine }[] = [{ name: 'embedded', engine: embeddedEngine(process.env) }];
const local = findLocal({ root: `${import.meta.dirname}/../..`, env: process.env });
if ('engine' in local) engines.push({ name: 'local', engine: local.engine });
else say(`no local Triton to compare with: ${local.missing}`);

using repository = new StagedRepository();
const delaysUs = [3_000, 20_000];
for (const delayUs of delaysUs)
  repository.addLikeCommitted(`delay-${delayUs}`, {
    'dynamic_batching { }': `dynamic_batching { max_queue_delay_microseconds: ${delayUs} }`,
  });
repository.addLikeCommitted('count-10', { 'count: 1': 'count: 10' });
// An execution of it takes long enough that the client's own share of the processors is small.
repository.write('busy-10/1/model.onnx', multiplyingModel(256, 40));
repository.write(
  'busy-10/config.pbtxt',
  `name: "busy-10"
backend: "onnxruntime"
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 256 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 256 ] } ]
instance_group [ { kind: KIND_CPU count: 10 } ]
parameters { key: "intra_op_thread_count" value { string_value: "1" } }
`,
);

await using stack = new AsyncDisposableStack();
const servers: { name: string; server: Server }[] = [];
for (const { name, engine } of engines) {
  const server = stack.use(await engine.start({ repository: repository.path, autoCompleteConfig: false }));
  servers.push({ name, server });
}

for (const model of [irisModel, ...delaysUs.map((delayUs) => `delay-${delayUs}`), 'count-10', 'busy-10']) {
  if (rounds === 0) break;
  for (const { server } of servers) await server.control.load(model);
  const seen = new Map<string, Seen[]>(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, server } of round % 2 === 0 ? servers : servers.toReversed())
      seen.get(name)?.push(await measure(server, model, 1));
  }
  for (const [name, all] of seen) {
    const ceiling = /delay-(\d+)/.exec(model)?.[1];
    const rate = median(all.map(({ perSecond }) => perSecond));
    const ofCeiling =
      ceiling === undefined
        ? ''
        : `, ${((rate * Number(ceiling)) / (concurrency * 1e4)).toFixed(1)} % of ${concurrency} / ${ceiling} us`;
    say(
      `${model} on ${name}: ${rate.toFixed(0)} infer/s${ofCeiling}, mean batch ${median(all.map(({ meanBatch }) => meanBatch)).toFixed(2)}, ${median(all.map(({ cores }) => cores)).toFixed(2)} cores`,
    );
  }
  const [embedded, triton] = servers.map(({ name }) =>
    median((seen.get(name) ?? []).map(({ perSecond }) => perSecond)),
  );
  if (embedded !== undefined && triton !== undefined)
    say(`${model}: embedded / local = ${(embedded / triton).toFixed(2)}`);
  for (const { server } of servers) await server.control.unload(model);
}

const [first] = servers;
if (first !== undefined && soakSeconds > 0) await soak(first.server, soakSeconds);

async function soak(server: Server, seconds: number): Promise<void> {
  await server.control.load(irisModel);
  const parts = 10;
  for (let part = 0; part < parts; part += 1) {
    const { perSecond } = await measure(server, irisModel, seconds / parts);
    say(
      `after ${((part + 1) * seconds) / parts} s of load: ${residentMiB(server.pid)} MiB resident, ${perSecond.toFixed(0)} infer/s`,
    );
  }
}

async function measure(server: Server, model: string, seconds: number): Promise<Seen> {
  const target = plainTarget(server.httpAddress, model);
  using carrier = http.open(target, { shared: false });
  const input = inputFor(model);
  const request = { ...http.encode(target, [input]), expected: await server.control.infer(model, [input]) };
  const counters = async () => readCounters(await server.control.statistics(model));
  const [before, cpuBefore, startMs] = [await counters(), cpuSeconds(server.pid), performance.now()];
  const { inferencesPerSecond, errors } = await runClosedLoop({
    carrier,
    requests: [request],
    concurrency,
    batchSize: input.shape[0] ?? 1,
    warmup: { minimumNs: 200e6, minimumRequestCount: concurrency },
    windowNs: seconds * 1e9,
    requestTimeoutNs: 10e9,
    limitsNs: [],
  });
  if (Object.keys(errors).length > 0) throw new Error(`the load failed: ${JSON.stringify(errors)}`);
  const cores = (cpuSeconds(server.pid) - cpuBefore) / ((performance.now() - startMs) / 1e3);
  const { inferenceCount, executionCount } = countersBetween(before, await counters()) ?? {
    inferenceCount: 0,
    executionCount: 1,
  };
  return { perSecond: inferencesPerSecond, meanBatch: inferenceCount / executionCount, cores };
}

function inputFor(model: string): Tensor {
  if (model !== 'busy-10') return inputOf([flowers[0] ?? []]);
  return { name: 'x', datatype: 'FP32', shape: [1, 256], data: new Uint8Array(1024) };
}

/** User and system time of a process, all its threads; the kernel counts in hundredths of a second. */
function cpuSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMiB(pid: number | undefined): number {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
