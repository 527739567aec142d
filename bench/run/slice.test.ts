import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../testing/scripted-model.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';

const pinned = ['-c', '0', process.execPath];
const canPin =
  existsSync('/proc/thread-self/schedstat') && !execaSync('taskset', [...pinned, '-e', ''], { reject: false }).failed;

/** Measures one slice of a server that is there already, and prints why it is invalid. */
function slice(port: number): string {
  const at = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
  const input = scriptedInput([[1, 2, 3, 4]]);
  const plain = JSON.stringify([input, ...scriptedOutputs(input)].map((each) => ({ ...each, data: [...each.data] })));
  return `
    import { KServeClient } from ${at('../kserve/client.ts')};
    import { hostInstruments as instruments } from ${at('./instruments.ts')};
    import { measureSlice } from ${at('./slice.ts')};
    const [input, ...outputs] = ${plain}.map((each) => ({ ...each, data: Buffer.from(each.data) }));
    const server = {
      httpAddress: { host: '127.0.0.1', port: ${port} },
      control: new KServeClient('http://127.0.0.1:${port}'),
      identity: { kind: 'remote', version: '1', backend: 'scripted' },
      died: new AbortController().signal,
    };
    const load = { pacing: { kind: 'closed', concurrency: 4 }, batchSize: 1, transport: 'http' };
    const objective = { kind: 'single', direction: 'maximize', metric: 'throughput' };
    const plan = { model: '${scriptedModel}', load: { concurrency: 4, requestTimeoutMs: 5000 }, objective, constraints: [] };
    const workload = { inputs: [[input]], answers: [outputs] };
    const context = { plan, workload, instruments, signal: new AbortController().signal };
    const { invalid } = await measureSlice({ load }, { server, model: plan.model, loadMs: 0 }, { warmupMs: 100, sliceMs: 400 }, context);
    console.log(JSON.stringify(invalid));
  `;
}

describe('a slice whose client shares its processor', () => {
  it('is invalid, and says so', { skip: !canPin && 'no taskset, or no schedstat' }, async () => {
    await using server = await startScriptedServer({ steps: [{}] }, { thread: true });
    const spinning = Array.from({ length: 4 }, () =>
      execa('taskset', [...pinned, '-e', 'for (;;);'], { reject: false, timeout: 30_000 }),
    );
    try {
      const script = slice(server.address.port);
      const { stdout } = await execa('taskset', [...pinned, '--input-type=module', '-e', script], { timeout: 30_000 });
      assert.match(stdout, /the client waited for a processor \d+ % of the time/);
    } finally {
      for (const each of spinning) each.kill('SIGKILL');
      await Promise.all(spinning);
    }
  });
});
