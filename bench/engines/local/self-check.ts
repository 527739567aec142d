import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../failure.ts';
import { KServeError } from '../../kserve/client.ts';
import { decodeElements, encodeElements } from '../../kserve/tensors.ts';
import type { Server } from '../engine.ts';
import { installedEngine } from './find.ts';
import { type Installation, tritonFolderOf } from './installation.ts';
import type { InstallContext } from './python-packages.ts';
import { lastWords } from './server-log.ts';

/** An ONNX model of 75 bytes: y = x, FP32 [n, 1]. */
const identityModel = Buffer.from(
  'CAc6QQoQCgF4EgF5IghJZGVudGl0eRIBZ1oUCgF4Eg8KDQgBEgkKAxIBbgoCCAFiFAoBeRIPCg0IARIJCgMSAW4KAggBQgQKABAN',
  'base64',
);
const modelName = 'identity';

/**
 * Starts the server on a model of its own and compares an answer: a server whose Python packages do not fit it starts,
 * counts successes and answers nothing. @throws Failure (server) with the end of its log.
 */
export async function checkServes(installation: Installation, context: InstallContext): Promise<void> {
  const repository = mkdtempSync(join(tritonFolderOf(installation), 'self-check-'));
  try {
    mkdirSync(join(repository, modelName, '1'), { recursive: true });
    writeFileSync(join(repository, modelName, '1', 'model.onnx'), identityModel);
    await using server = await installedEngine(installation, context.env).start({
      repository,
      autoCompleteConfig: true,
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
    await checkAnswer(server);
  } finally {
    rmSync(repository, { recursive: true, force: true });
  }
}

async function checkAnswer(server: Server): Promise<void> {
  const sent = [1.5, -2.25, 0];
  try {
    await server.control.load(modelName);
    const [answer] = await server.control.infer(modelName, [
      { name: 'x', datatype: 'FP32', shape: [3, 1], data: encodeElements('FP32', sent) },
    ]);
    const received = answer === undefined ? [] : decodeElements(answer.datatype, answer.data);
    if (JSON.stringify(received) === JSON.stringify(sent)) return;
    throw new Failure('server', 'self-check', `Triton answers ${JSON.stringify(received)} to ${JSON.stringify(sent)}`, {
      hint: 'remove .triton/ and install again',
    });
  } catch (error) {
    if (!(error instanceof KServeError)) throw error;
    throw new Failure('server', 'self-check', `Triton does not serve: ${error.reason.split('\n', 1)[0]}`, {
      hint: lastWords(server.logSince(0)),
      cause: error,
    });
  }
}
