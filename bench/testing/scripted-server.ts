import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Script, ScriptedEndpoint } from './scripted-endpoint.ts';
import type { ScriptedRecord } from './scripted-record.ts';
import type { ThreadCall, ThreadReply } from './scripted-thread.ts';

/** A KServe v2 server on 127.0.0.1 that does what its script says and records what it received. */
export type ScriptedServer = AsyncDisposable & {
  readonly address: { readonly host: string; readonly port: number };
  readonly url: string;
  record(): Promise<ScriptedRecord>;
  /** Breaks all connections and frees the port, as the end of a process does; once more does nothing. */
  stop(): Promise<void>;
};

/**
 * Starts one. In a thread of its own (`thread`) its work and its clock are apart from the caller's event loop, as timing
 * needs; else it lives in the caller's. `port` 0 takes any free one. Rejects with what listening failed with.
 */
export async function startScriptedServer(
  script: Script,
  { thread = false, port = 0 }: { thread?: boolean; port?: number } = {},
): Promise<ScriptedServer> {
  return thread ? startThread(script, port) : startHere(script, port);
}

async function startHere(script: Script, port: number): Promise<ScriptedServer> {
  const endpoint = new ScriptedEndpoint(script);
  const bound = await endpoint.listen(port);
  return serverOf(bound, {
    record: async () => structuredClone(endpoint.recorder.record),
    stop: () => endpoint.stop(),
  });
}

async function startThread(script: Script, port: number): Promise<ScriptedServer> {
  const worker = new Worker(new URL('./scripted-thread.ts', import.meta.url), { workerData: { script, port } });
  const reply = async (): Promise<ThreadReply> => {
    const [message] = (await once(worker, 'message')) as [ThreadReply];
    return message;
  };
  const call = (message: ThreadCall): Promise<ThreadReply> => {
    worker.postMessage(message);
    return reply();
  };
  const started = await reply();
  if (started.kind !== 'listening') throw new Error('the scripted server did not start');
  return serverOf(started.port, {
    record: async () => {
      const answer = await call('record');
      if (answer.kind !== 'record') throw new Error('the scripted server gave no record');
      return answer.record;
    },
    stop: async () => {
      await call('stop');
      await worker.terminate();
    },
  });
}

function serverOf(port: number, control: Pick<ScriptedServer, 'record' | 'stop'>): ScriptedServer {
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= control.stop();
    return stopped;
  };
  return {
    address: { host: '127.0.0.1', port },
    url: `http://127.0.0.1:${port}`,
    record: control.record,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
