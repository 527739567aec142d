import { parentPort, workerData } from 'node:worker_threads';
import { type Script, ScriptedEndpoint } from './scripted-endpoint.ts';
import type { ScriptedRecord } from './scripted-record.ts';

/** The thread that a scripted server of its own thread runs in, and what is said to it: one reply to each call. */
export type ThreadCall = 'record' | 'stop';
export type ThreadReply =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'record'; readonly record: ScriptedRecord }
  | { readonly kind: 'stopped' };

const { script, port } = workerData as { script: Script; port: number };
const endpoint = new ScriptedEndpoint(script);
const tell = (reply: ThreadReply): void => parentPort?.postMessage(reply);

parentPort?.on('message', async (call: ThreadCall) => {
  if (call === 'record') {
    tell({ kind: 'record', record: endpoint.recorder.record });
  } else {
    await endpoint.stop();
    tell({ kind: 'stopped' });
  }
});
tell({ kind: 'listening', port: await endpoint.listen(port) });
