import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import type { Engine } from '../engines/engine.ts';
import { installedEngine } from '../engines/local/find.ts';
import { readInstallation } from '../engines/local/installation.ts';
import { leftoversOf } from '../engines/local/leftovers.ts';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import { isLong, onlyLong } from '../testing/long.ts';
import { requires } from '../testing/requires.ts';
import { describeKilled, type Served } from './faults-killed.test-suite.ts';
import { projectFolder } from './host.fixture.ts';

const needsTriton = requires('triton');

describe('a sweep that is ended at any moment, and gone on with', () => {
  describeKilled({ name: 'local', ...needsTriton, begin: async () => own('local'), leftovers: leftoversOf });
  describeKilled({
    name: 'embedded',
    ...onlyLong,
    begin: async () => own('embedded'),
    leftovers: leftoversOf,
  });
  describeKilled({
    name: 'remote',
    ...onlyLong,
    begin: () => elsewhere(embeddedEngine(process.env)),
    leftovers: leftoversOf,
  });
  describeKilled({
    name: 'remote (a Triton)',
    ...(isLong ? needsTriton : onlyLong),
    begin: () => elsewhere(installed()),
    leftovers: leftoversOf,
  });
});

function own(kind: string): Served {
  return { engine: kind, unchanged: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
}

/** A server that somebody else runs, with the model loaded. */
async function elsewhere(engine: Engine): Promise<Served> {
  const repository = new StagedRepository();
  const server = await engine.start({ repository: repository.path, autoCompleteConfig: false });
  await server.control.load(irisModel);
  const url = `127.0.0.1:${server.httpAddress.port}`;
  const served = async (): Promise<string> => {
    const answer = await fetch(`http://${url}/v2/models/${irisModel}/config`);
    return `${answer.status} ${await answer.text()}`;
  };
  const before = await served();
  return {
    engine: { kind: 'remote', http: url },
    unchanged: async () => assert.equal(await served(), before),
    async [Symbol.asyncDispose]() {
      await server.stop();
      repository[Symbol.dispose]();
    },
  };
}

function installed(): Engine {
  const installation = readInstallation(projectFolder);
  if ('missing' in installation) throw new Error(installation.missing);
  return installedEngine(installation.found, process.env);
}
