import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KServeClient } from '../../kserve/client.ts';
import { flowers, inputOf } from '../iris-requests.ts';
import { irisModel, StagedRepository } from '../staged-repository.ts';

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

it('an instance that dies by itself fails what it ran, with the reason, and then there is another', {
  timeout: 60_000,
}, async () => {
  using repository = new StagedRepository();
  const deadly = join(repository.path, 'deadly');
  const flags = [
    `--model-repository=${repository.path}`,
    '--http-port=0',
    '--allow-grpc=false',
    '--allow-metrics=false',
  ];
  // From the environment a thread takes it too; the command line is the process's own.
  const preload = `--import ${fileOf('dying-instance.fixture.ts')}`;
  const server = spawn(process.execPath, [fileOf('process.ts'), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: preload, DYING_INSTANCE_FILE: deadly },
  });
  try {
    let log = '';
    server.stderr.on('data', (bytes) => {
      log += bytes;
    });
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const { ready } = JSON.parse(line) as { ready: { http: { port: number } } };
    const client = new KServeClient(`http://127.0.0.1:${ready.http.port}`);
    for (let round = 0; round < 3; round += 1) {
      await client.infer(irisModel, [inputOf(flowers)]);
      writeFileSync(deadly, '');
      await assert.rejects(
        client.infer(irisModel, [inputOf(flowers)]),
        /the model instance died: its thread ended with code 7/,
      );
      const answers = await Promise.all(Array.from({ length: 10 }, () => client.infer(irisModel, [inputOf(flowers)])));
      assert.equal(answers.length, 10);
    }
    assert.equal(log.match(/an instance of 'sklearn-onnx' version 1 died: .*; starting another/g)?.length, 3);
    assert.equal(server.exitCode, null);
  } finally {
    server.kill('SIGKILL');
  }
});
