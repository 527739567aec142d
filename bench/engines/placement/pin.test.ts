import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { execa } from 'execa';
import { formatCpuList } from '../../cpu-list.ts';
import { Failure } from '../../failure.ts';
import { requires } from '../../testing/requires.ts';
import { embeddedEngine } from '../embedded/engine.ts';
import type { Engine } from '../engine.ts';
import { installedEngine } from '../local/find.ts';
import { readInstallation } from '../local/installation.ts';
import { livingMembers } from '../local/process-group.ts';
import { StagedRepository } from '../staged-repository.ts';
import { cpusOfProcess, pinThisProcess } from './pin.ts';
import { findPlacementTools } from './tools.ts';
import { allowedOf, readTopology } from './topology.ts';

const topology = readTopology();
const { taskset } = await findPlacementTools(topology);
const [first, last] = [topology.allowed[0] ?? 0, topology.allowed.at(-1) ?? 0];
const all = formatCpuList(topology.allowed);
const skip = taskset && first !== last ? false : 'it needs taskset and two CPUs';
const projectFolder = new URL('../../../', import.meta.url).pathname;

describe('a process that is bound to CPUs', { skip }, () => {
  it('has all of its threads there, and those that it starts later, until it is let go', async () => {
    {
      await using _pinned = await pinThisProcess(String(last));
      assert.deepEqual(cpusOfThreads('self'), [String(last)]);
      await using worker = new Worker(workerScript, { eval: true });
      const [status] = await new Promise<string[]>((resolve) => worker.once('message', (text) => resolve([text])));
      assert.deepEqual(allowedOf(status), [last]);
      const { stdout } = await execa('cat', ['/proc/self/status']);
      assert.deepEqual(allowedOf(stdout), [last]);
    }
    assert.deepEqual(cpusOfThreads('self'), [all]);
  });

  it('is told where that is not done', async () => {
    await assert.rejects(pinThisProcess('16000'), (error) => {
      assert(error instanceof Failure);
      assert.equal(error.exitCode, 4);
      assert.match(error.message, /^the client cannot be bound to CPUs 16000: /);
      return true;
    });
    assert.equal(cpusOfProcess('self'), all);
  });

  it('is unknown once it is gone', () => {
    assert.equal(cpusOfProcess(2 ** 22 + 1), undefined);
  });

  for (const kind of ['embedded', 'local'] as const) {
    const engine = engineOf(kind);
    it(
      `starts a server (${kind}) on others, with all its threads and helpers`,
      kind === 'local' ? requires('triton') : {},
      async () => {
        assert(engine !== undefined);
        await using _pinned = await pinThisProcess(String(last));
        using repository = new StagedRepository();
        await using server = await engine.start({
          repository: repository.path,
          autoCompleteConfig: false,
          placement: { cpus: String(first), memoryNodes: null },
        });
        await server.control.load('sklearn-onnx');
        const members = livingMembers(server.pid ?? 0);
        assert(members.length >= (kind === 'local' ? 2 : 1));
        for (const pid of members) assert.deepEqual(cpusOfThreads(pid), [String(first)]);
      },
    );
  }
});

const workerScript = `
  const { parentPort } = require('node:worker_threads');
  parentPort.postMessage(require('node:fs').readFileSync('/proc/thread-self/status', 'utf8'));
  setInterval(() => {}, 1000);
`;

function engineOf(kind: 'embedded' | 'local'): Engine | undefined {
  if (kind === 'embedded') return embeddedEngine(process.env);
  const installation = readInstallation(projectFolder);
  return 'found' in installation ? installedEngine(installation.found, process.env) : undefined;
}

/** Each list of CPUs that some thread has. */
function cpusOfThreads(pid: number | 'self'): string[] {
  const lists = readdirSync(`/proc/${pid}/task`).map((thread) =>
    formatCpuList(allowedOf(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')) ?? []),
  );
  return [...new Set(lists)];
}
