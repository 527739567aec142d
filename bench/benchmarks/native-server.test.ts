import assert from 'node:assert/strict';
import { mkdtempDisposableSync } from 'node:fs';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { execaSync } from 'execa';
import { irisModel } from '../engines/staged-repository.ts';
import { KServeClient } from '../kserve/client.ts';
import { runClosedLoop } from '../load/closed-loop.ts';
import { loadTransport, plainTarget } from '../load/transport.ts';
import type { Transport as TransportName } from '../plan/plan.ts';
import { seededRandom } from '../random.ts';
import { pairUp, readHeldAnswers } from './held-times.ts';
import { irisAnswer, irisInput } from './iris-question.ts';
import { compileNative, type NativeName, type NativeServer, startNative } from './native-server.ts';
import { RecordingCarrier } from './recording-carrier.ts';

const skip = execaSync('gcc', ['--version'], { reject: false }).failed && 'no gcc';

async function start(name: NativeName, flags: readonly string[] = []): Promise<NativeServer> {
  const program = await compileNative(name);
  if ('missing' in program) throw new Error(program.missing);
  return startNative(program.found, flags);
}

/** A short load of 4 requests at a time, all answers compared with the right one. */
async function loadOn({ address }: NativeServer, name: TransportName) {
  const transport = await loadTransport(name);
  const target = plainTarget(address, irisModel);
  const requests = Array.from({ length: 4_000 }, () => ({
    ...transport.encode(target, irisInput),
    expected: irisAnswer,
  }));
  using carrier = new RecordingCarrier(transport.open(target, { shared: false }), requests);
  const measurement = await runClosedLoop({
    ...{ carrier, requests, concurrency: 4, batchSize: 1, limitsNs: [], requestTimeoutNs: 10e9 },
    ...{ warmup: { minimumNs: 0, minimumRequestCount: 4 }, windowNs: 50e6 },
  });
  return { measurement, samples: carrier.samples };
}

describe('a null server', { skip }, () => {
  const served: [NativeName, TransportName][] = [
    ['null-http', 'http'],
    ['null-http', 'http-undici'],
    ['null-grpc', 'grpc'],
    ['null-grpc', 'grpc-js'],
  ];
  for (const [name, transport] of served) {
    it(`gives right answers and counts them: ${name}, ${transport}`, async () => {
      await using server = await start(name);
      const { measurement } = await loadOn(server, transport);
      assert.deepEqual(measurement.errors, {});
      assert(measurement.checkedCount > 0);
      assert.equal(await server.answeredCount(), measurement.checkedCount);
    });
  }

  it('tells over HTTP what a client asks before it sends load', async () => {
    await using server = await start('null-http');
    const control = new KServeClient(`http://127.0.0.1:${server.address.port}`);
    assert.equal(await control.serverReady(), true);
    assert.equal(await control.modelReady(irisModel), true);
    assert.equal(await control.modelReady('other'), false);
    assert.equal((await control.modelMetadata(irisModel)).inputs[0]?.name, 'input');
    assert.equal((await control.config(irisModel)).max_batch_size, 64);
    const [label] = await control.infer(irisModel, irisInput);
    assert.deepEqual(label?.data, Buffer.from(irisAnswer[0]?.data ?? []));
    const { model_stats } = (await control.statistics(irisModel)) as { model_stats: { inference_count: number }[] };
    assert.equal(model_stats[0]?.inference_count, 1);
  });

  it('reads the path of each call, however its headers are packed', async () => {
    await using server = await start('null-grpc');
    const random = seededRandom(5);
    const client = connect(`http://127.0.0.1:${server.address.port}`);
    try {
      for (let call = 0; call < 300; call += 1) {
        const isKnown = random.next() < 0.7;
        const path = isKnown ? '/inference.GRPCInferenceService/ModelInfer' : `/other/${call}`;
        const request = client.request({ ':method': 'POST', ':path': path, ...randomHeaders(random) });
        request.end(Buffer.alloc(Math.floor(random.next() * (call % 50 === 0 ? 100_000 : 100))));
        assert.equal(await statusOf(request), isKnown ? '0' : '12', `call ${call}`);
      }
    } finally {
      client.destroy();
    }
  });
});

describe('the delay server', { skip }, () => {
  for (const transport of ['http', 'grpc'] as const) {
    it(`holds each answer for the time given, and writes down how long: ${transport}`, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'tritune-held-'));
      const log = join(folder.path, 'held');
      const server = await start('delay-server', ['--hold-us', '20000', '--log', log]);
      const { measurement, samples } = await loadOn(server, transport).finally(() => server[Symbol.asyncDispose]());
      assert.deepEqual(measurement.errors, {});
      const held = readHeldAnswers(log);
      assert(samples.length >= 8 && held.length >= samples.length);
      assert(held.every(({ heldNs, lateNs }) => heldNs >= 20e6 && heldNs - lateNs === 20e6));
      assert(samples.every(({ sentNs, answeredNs }) => answeredNs - sentNs >= 20e6));
    });
  }

  it('says in each answer how long it was held', async () => {
    await using server = await start('delay-server', ['--hold-us', '3000', '--tell', '1']);
    const { bytes } = (await loadTransport('http')).encode(plainTarget(server.address, irisModel), irisInput);
    const body = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
    const url = `http://127.0.0.1:${server.address.port}/v2/models/${irisModel}/infer`;
    const { headers } = await fetch(url, { method: 'POST', body: new Uint8Array(body) });
    assert(Number(headers.get('held-ns')) >= 3e6);
  });
});

it('latencies are paired with the times held by the number that a request carries', () => {
  const samples = [
    { id: 7, sentNs: 100, answeredNs: 600 },
    { id: 3, sentNs: 200, answeredNs: 900 },
  ];
  const held = [3, 7, 9].map((id) => ({ id, heldNs: 40 * id, lateNs: 0, answeredAtNs: 0 }));
  assert.deepEqual(
    pairUp(samples, held).map(({ addedNs }) => addedNs),
    [220, 580],
  );
  assert.throws(() => pairUp(samples, held.slice(0, 1)), /knows nothing of request 7/);
  assert.throws(() => pairUp(samples, [...held, ...held]), /shorten the run/);
});

/** Up to six headers of printable and of other characters, some too long for any table. */
function randomHeaders(random: { next(): number }): Record<string, string> {
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const value = (length: number): string =>
    String.fromCharCode(...Array.from({ length }, () => (below(2) === 0 ? 33 + below(94) : 161 + below(95))));
  return Object.fromEntries(
    Array.from({ length: below(6) }, () => [`x-${below(20)}`, value(below(20) === 0 ? 3_000 : below(60))]),
  );
}

async function statusOf(request: ReturnType<ReturnType<typeof connect>['request']>): Promise<string | undefined> {
  let status: string | undefined;
  const take = (headers: IncomingHttpHeaders): void => {
    if (headers['grpc-status'] !== undefined) status = String(headers['grpc-status']);
  };
  request.on('response', take).on('trailers', take).resume();
  await new Promise((resolve, reject) => request.once('close', resolve).once('error', reject));
  return status;
}
