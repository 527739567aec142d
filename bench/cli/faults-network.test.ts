import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import type { Server } from '../engines/engine.ts';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import { type Random, seededRandom } from '../random.ts';
import { type FaultKind, FaultProxy, faultKinds } from '../testing/fault-proxy.ts';
import { isLong } from '../testing/long.ts';
import { projectFolder } from './host.fixture.ts';
import { parseDocument } from './load.fixture.ts';
import { RemotePlace } from './remote-place.test-suite.ts';
import { assertMessage, readLines, Workplace } from './workplace.fixture.ts';

const input = join(projectFolder, 'data/test_data.csv');

/** What is cut: the connections for control calls, those of the load, or both where they share a port. */
const cuts = [
  { protocol: 'http', cut: 'http', what: 'the one port of load and control calls', bytes: [2_000, 400_000] },
  { protocol: 'grpc', cut: 'http', what: 'the port of control calls', bytes: [2_000, 30_000] },
  { protocol: 'grpc', cut: 'grpc', what: 'the port of the load', bytes: [2_000, 400_000] },
] as const;

const timesEach = isLong ? 10 : 1;

describe('a sweep on a remote server whose network fails', { timeout: 3_600_000 }, () => {
  for (const [index, { protocol, cut, what, bytes }] of cuts.entries()) {
    for (const kind of faultKinds) {
      // One kind each in a short run; silence is waited for as long as an answer may take.
      const skip = !isLong && kind !== (index === 1 ? 'truncate' : 'reset') && 'TRITUNE_LONG=1 runs it';
      it(`by ${kind} on ${what} (${protocol}) ends with one message, and all can be put back and gone on with`, {
        skip,
      }, async () => {
        const random = seededRandom(100 * index + faultKinds.indexOf(kind));
        for (let time = 0; time < timesEach; time += 1)
          await cutOff({ protocol, cut, kind, bytes: between(bytes, random) });
      });
    }
  }
});

type Cut = { protocol: 'http' | 'grpc'; cut: 'http' | 'grpc'; kind: FaultKind; bytes: number };

async function cutOff({ protocol, cut, kind, bytes }: Cut): Promise<void> {
  await using place = await RemotePlace.begin();
  const served = await place.served();
  await using http = await FaultProxy.before(place.far.httpAddress.port);
  await using grpc = await FaultProxy.before(place.far.grpcAddress?.port ?? 0);
  const proxy = cut === 'http' ? http : grpc;
  const told = `${kind} on ${cut} after ${bytes} bytes`;
  const plan = place.plan({
    engine: { kind: 'remote', http: `127.0.0.1:${http.port}`, grpc: `127.0.0.1:${grpc.port}` },
    load: { protocol, concurrency: 2, input, requestTimeout: '500ms' },
    blocks: 3,
  });
  proxy.failAfter(bytes, kind);
  const { exitCode, stdout, stderr } = await place.start(['sweep', plan, '--out', 'run']);
  assert(proxy.isFailing, told);
  if (exitCode === 4) {
    // A load that fails is told as what it is, measured for what it is worth.
    assert.match(stdout, /INVALID|cannot be trusted|invalid/i, told);
  } else {
    assert.equal(exitCode, 3, `${told}: ${stderr}`);
    assertMessage(stderr, /^tritune: ./, /^ {2}\S/m);
  }
  http.mend();
  grpc.mend();
  if (place.records().length > 0) {
    const restored = await place.run(['restore']);
    assert.equal(restored.code, 0, `${told}: ${restored.stdout}${restored.stderr}`);
  }
  assert.deepEqual([await place.served(), place.records()], [served, []], told);
  const folder = join(place.folder, 'run');
  if (!existsSync(join(folder, 'run.json')) || exitCode === 4) return;
  const resumed = await place.start(['sweep', '--resume', 'run']);
  assert([0, 4].includes(resumed.exitCode ?? -1), `${told}: ${resumed.stderr}`);
  const complete = readLines(folder).flatMap((line) =>
    line.kind === 'block' && line.status === 'complete' ? line.block : [],
  );
  assert.deepEqual(complete, [1, 2, 3].slice(0, complete.length));
  assert.deepEqual([await place.served(), place.records()], [served, []], told);
}

describe('a load whose network fails', { timeout: 600_000 }, () => {
  let repository: StagedRepository;
  let server: Server;
  before(async () => {
    repository = new StagedRepository();
    server = await embeddedEngine(process.env).start({ repository: repository.path, autoCompleteConfig: false });
    await server.control.load(irisModel);
  });
  after(async () => {
    await server.stop();
    repository[Symbol.dispose]();
  });

  for (const protocol of ['http', 'grpc'] as const) {
    for (const kind of faultKinds) {
      const one = kind === (protocol === 'http' ? 'reset' : 'truncate');
      it(`by ${kind} over ${protocol} ends with the failures by kind, or with one message before it began`, {
        skip: !isLong && !one && 'TRITUNE_LONG=1 runs it',
      }, async () => {
        const random = seededRandom(protocol.length * 10 + faultKinds.indexOf(kind));
        for (let time = 0; time < 2 * timesEach; time += 1) {
          const isEarly = time % 2 === 1;
          // Silence before the load is waited for as long as a control call may take.
          if (isEarly && kind === 'stall' && !isLong) continue;
          const bytes = isEarly ? between([1, 400], random) : between([8_000, 25_000], random);
          using place = new Workplace();
          await using proxy = await FaultProxy.before(
            (protocol === 'http' ? server.httpAddress : server.grpcAddress)?.port ?? 0,
          );
          proxy.failAfter(bytes, kind);
          const url = `${protocol === 'grpc' ? 'grpc://' : ''}127.0.0.1:${proxy.port}`;
          const times = ['-p', '800ms', '--warm-up', '50ms', '--request-timeout', '500ms', '--threads', '1'];
          const ended = await place.start(
            ...['load', '-m', irisModel, '-u', url, '--concurrency-range', '4', '--input-data', 'given/rows.csv'],
            ...[...times, '--json'],
          ).ended;
          const told = `after ${bytes} bytes: ${ended.stderr}${ended.stdout}`;
          assert(proxy.isFailing, told);
          assert.doesNotMatch(ended.stderr, /this is a bug|^\s+at /m, told);
          if (isEarly || ended.code === 3) {
            assert.deepEqual([ended.code, ended.stdout], [3, ''], told);
            assertMessage(ended.stderr, /^tritune: ./, /^ {2}\S/m);
          } else {
            assert.equal(ended.code, 4, told);
            const { valid, levels } = parseDocument(ended.stdout);
            const failedCount = levels.reduce((sum, level) => sum + level.failedCount, 0);
            assert.deepEqual([valid, failedCount > 0], [false, true], told);
          }
        }
      });
    }
  }
});

/** A whole number, every order of magnitude as likely as the others. */
function between([least, most]: readonly [number, number], random: Random): number {
  return Math.round(least * (most / least) ** random.next());
}
