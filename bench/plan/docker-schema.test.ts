import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { parsePlan } from './parse.ts';

const plan = (engine: string): string => `name: small
model: m
modelRepository: models
load: { input: random }
variants: [{ id: a, settings: { max_batch_size: 1 } }]
engine: ${engine}
`;
const parsed = (engine: string) => parsePlan(plan(engine), '/home/u/configs/plan.yaml').engine;

describe('what a plan says of Docker', () => {
  it('is resolved from the folder of the plan, what it leaves out being for the compose file to say', () => {
    const { docker, kind, flags } = parsed(
      '{ kind: docker, composeFile: ../deploy/compose.yaml, cpuset: "2-3,8", flags: [--log-verbose=1] }',
    );
    assert.deepEqual([kind, flags], ['docker', ['--log-verbose=1']]);
    assert.deepEqual(docker, {
      image: null,
      composeFile: '/home/u/deploy/compose.yaml',
      service: null,
      cpuset: '2-3,8',
    });
    assert.deepEqual(parsed('{ kind: auto, image: "localhost:5000/t:1", service: triton-gpu }').docker, {
      image: 'localhost:5000/t:1',
      composeFile: null,
      service: 'triton-gpu',
      cpuset: null,
    });
  });

  it('is not there where the plan says nothing', () => {
    for (const engine of ['docker', 'auto', '{ kind: local }'])
      assert.equal(Object.hasOwn(parsed(engine), 'docker'), false);
  });

  for (const [engine, message, hint] of [
    [
      '{ kind: docker, imag: a }',
      /^\/home\/u\/configs\/plan\.yaml:6:\d+: engine\.imag: is not a key here$/,
      /did you mean image\?/,
    ],
    ['{ kind: docker, image: "a b" }', /:6:\d+: engine\.image: an image is written as registry/],
    ['{ kind: docker, image: "--privileged" }', /engine\.image: an image is written as/],
    ['{ kind: docker, image: 3 }', /engine\.image: image is the name of/],
    ['{ kind: docker, cpuset: 0-3 x }', /engine\.cpuset: cpuset is a list of processors/],
    ['{ kind: docker, cpuset: 3 }', /engine\.cpuset: cpuset is a list of processors as text/],
    ['{ kind: docker, cpuset: "3-1" }', /engine\.cpuset: a range of processors goes from the lower/],
    ['{ kind: docker, service: "a b" }', /engine\.service: service is the name of a service/],
    ['{ kind: docker, composeFile: "" }', /engine\.composeFile: composeFile is the path/],
    ['{ kind: local, image: a }', /:6:\d+: engine\.image: is for engine docker, not for local/],
    ['{ kind: docker, __proto__: { image: a } }', /__proto__ is not a key here/],
    ['{ kind: docker, flags: [--http-port=1] }', /engine\.flags\[0\]: Tritune sets this flag itself/],
  ] as const) {
    it(`is refused as ${engine}`, () => {
      assert.throws(
        () => parsed(engine),
        (error) => {
          assert(error instanceof Failure);
          assert.equal(error.exitCode, 2);
          assert.match(error.message, message);
          if (hint !== undefined) assert.match(error.hint ?? '', hint);
          return true;
        },
      );
    });
  }
});
