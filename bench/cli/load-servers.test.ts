import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import type { Engine, Server } from '../engines/engine.ts';
import { findLocal } from '../engines/local/find.ts';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import { requires } from '../testing/requires.ts';
import { projectFolder } from './host.fixture.ts';
import { assertMeasured, csvRows, parseDocument, Scratch, shortly } from './load.fixture.ts';
import { escapes, Workplace } from './workplace.fixture.ts';

describe('tritune load as a process', () => {
  it('loads the embedded server over HTTP and gRPC, and tells its statistics', () =>
    onServer(embeddedEngine(process.env), async (server) => {
      await loadIris(server, ['-u', `localhost:${server.httpAddress.port}`]);
      await loadIris(server, ['-u', `grpc://localhost:${server.grpcAddress?.port}`, '--connections', 'shared']);
      await loadIris(server, ['-u', `127.0.0.1:${server.grpcAddress?.port}`, '--transport', 'grpc-js']);
    }));

  it('loads a real Triton over HTTP and gRPC, and tells its statistics', requires('triton'), () =>
    onServer(tritonEngine(), async (server) => {
      await loadIris(server, ['-u', `localhost:${server.httpAddress.port}`]);
      await loadIris(server, ['-u', `localhost:${server.grpcAddress?.port}`, '-i', 'grpc']);
    }),
  );
});

function tritonEngine(): Engine {
  const found = findLocal({ root: projectFolder, env: process.env });
  if ('missing' in found) throw new Error(found.missing);
  return found.engine;
}

/** A server that serves the committed model, both protocols. */
async function onServer(engine: Engine, test: (server: Server) => Promise<void>): Promise<void> {
  using repository = new StagedRepository();
  await using server = await engine.start({ repository: repository.path, autoCompleteConfig: false });
  await server.control.load(irisModel);
  await test(server);
}

/** One short load of the held-out rows in batches of two; what the server itself counted stands beside what is told. */
async function loadIris({ control }: Server, where: readonly string[]): Promise<void> {
  using scratch = new Scratch();
  using place = new Workplace();
  const data = ['--input-data', 'given/rows.csv', '-b', '2', '--concurrency-range', '2', '-f', scratch.path('a.csv')];
  const ended = await place.start('load', '-m', irisModel, ...where, ...data, ...shortly, '--json').ended;
  assert.notEqual(ended.stdout, '', ended.stderr);
  const document = parseDocument(ended.stdout);
  assertMeasured({ ...ended, code: ended.code ?? Number.NaN, document });
  assert.doesNotMatch(ended.stdout + ended.stderr, escapes);
  const [level] = document.levels;
  const [row = {}] = csvRows(scratch.read('a.csv'));
  assert(level !== undefined && level.server !== null, ended.stdout);
  const { latencyNs, server, requestCount } = level;
  assert(requestCount > 10);
  assert.equal(level.inferencesPerSecond, 2 * level.requestsPerSecond);
  assert.equal(row.Concurrency, '2');
  assert.equal(row['Server Compute Infer'], `${Math.round(server.computeInferNs / 1e3)}`);
  assert((server.meanBatch ?? 0) >= 2, 'of each execution at least one request of two examples');
  assert(server.computeInferNs > 0 && server.meanNs <= 1.05 * (latencyNs.mean ?? 0));
  const served = server.queueNs + server.computeInputNs + server.computeInferNs + server.computeOutputNs;
  assert(Math.abs(served + server.networkNs - (latencyNs.mean ?? 0)) < 1 || server.networkNs === 0);
  const { model_stats: models } = (await control.statistics(irisModel)) as {
    model_stats: { inference_count: number }[];
  };
  // Warm-up and what was in flight at the end were served as well.
  assert(Number(models[0]?.inference_count) >= 2 * requestCount);
}
