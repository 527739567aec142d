import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { pythonPath, requires } from '../../testing/requires.ts';
import { StagedRepository } from '../staged-repository.ts';
import { embeddedEngine } from './engine.ts';

const useTritonclient = fileURLToPath(new URL('fixtures/use_tritonclient.py', import.meta.url));

test('tritonclient finds all that it asks for, over both protocols', requires('python'), async () => {
  using repository = new StagedRepository();
  await using server = await embeddedEngine(process.env).start({
    repository: repository.path,
    autoCompleteConfig: false,
  });
  const { httpAddress, grpcAddress } = server;
  const addresses = [httpAddress, grpcAddress ?? httpAddress].map(({ host, port }) => `${host}:${port}`);
  const { stdout, stderr, failed } = await execa(pythonPath(), [useTritonclient, ...addresses], { reject: false });
  assert.equal(failed, false, `${stderr}\n${server.logSince(0).join('\n')}`);
  assert.match(stdout, /all well/);
});
