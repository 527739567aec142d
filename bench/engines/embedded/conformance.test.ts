import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requires } from '../../testing/requires.ts';
import type { Address, Engine } from '../engine.ts';
import { installedEngine } from '../local/find.ts';
import { readInstallation } from '../local/installation.ts';
import { grpcMeaning, type Meaning, sendHttp } from './conformance-comparison.test-suite.ts';
import { differingGrpc, differingHttp } from './conformance-differences.test-suite.ts';
import { grpcCases } from './conformance-grpc.test-suite.ts';
import { ConformanceRepository } from './conformance-repository.test-suite.ts';
import { httpCases } from './conformance-requests.test-suite.ts';
import { embeddedEngine } from './engine.ts';
import { GrpcClient } from './grpc-client.fixture.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** What a real Triton answered: with TRITUNE_RECORD=1 the test of the real one writes it anew. */
const recording = fileURLToPath(new URL('fixtures/triton-answers.json', import.meta.url));
type Answers = { http: Record<string, Meaning>; grpc: Record<string, Meaning> };

describe('the requests that two servers are compared with', () => {
  it('are more than 200, each with a name of its own', () => {
    assert(httpCases.length >= 200);
    for (const cases of [httpCases, grpcCases]) {
      assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
    }
  });

  it('are answered by the embedded server as by Triton, but for the differences that are written down', async () => {
    const expected = readRecording();
    const { http, grpc } = await answersOf(embeddedEngine(process.env));
    assertDiffering(http, expected.http, Object.keys(differingHttp));
    assertDiffering(grpc, expected.grpc, Object.keys(differingGrpc));
  });

  it('are answered by a real Triton as they were when its answers were recorded', requires('triton'), async () => {
    const installation = readInstallation(root);
    if ('missing' in installation) throw new Error(installation.missing);
    const answers = await answersOf(installedEngine(installation.found, process.env));
    if (process.env.TRITUNE_RECORD === '1') writeFileSync(recording, `${JSON.stringify(answers, null, 1)}\n`);
    const expected = readRecording();
    assertDiffering(answers.http, expected.http, []);
    assertDiffering(answers.grpc, expected.grpc, []);
  });
});

async function answersOf(engine: Engine): Promise<Answers> {
  using repository = new ConformanceRepository();
  await using server = await engine.start({ repository: repository.path, autoCompleteConfig: false });
  for (const model of ConformanceRepository.models) await server.control.load(model);
  const answers: Answers = { http: {}, grpc: {} };
  for (const each of httpCases) answers.http[each.name] = await sendHttp(server.httpAddress, each);
  using client = new GrpcClient(server.grpcAddress as Address);
  for (const { name, method, request } of grpcCases) {
    answers.grpc[name] = grpcMeaning(await client.call(method, request));
  }
  // What JSON cannot tell apart need not be told apart.
  return JSON.parse(JSON.stringify(answers));
}

function readRecording(): Answers {
  return JSON.parse(readFileSync(recording, 'utf8'));
}

/** That exactly those answers differ whose names are given, each with both answers where not. */
function assertDiffering(actual: Answers['http'], expected: Answers['http'], names: readonly string[]): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  const differing = Object.keys(actual).filter((name) => {
    return JSON.stringify(actual[name]) !== JSON.stringify(expected[name]);
  });
  const shown = differing
    .filter((name) => !names.includes(name))
    .map((name) => `${name}:\n  got    ${JSON.stringify(actual[name])}\n  Triton ${JSON.stringify(expected[name])}`);
  assert.deepEqual(shown, []);
  assert.deepEqual([...names], differing);
}
