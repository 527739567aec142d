import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { KServeClient, KServeError } from '../../kserve/client.ts';
import { RemoteControl } from './remote-control.ts';

const server = 'h:8000';

/** The control of a server that answers each change with a status and a reason, and each question with yes. */
function controlOf(status: number, reason: string, signal = new AbortController().signal) {
  const asked: string[] = [];
  const send = async (url: string, { method }: RequestInit): Promise<Response> => {
    asked.push(`${method} ${new URL(url).pathname}`);
    if (method !== 'POST' || status === 200) return Response.json({});
    return Response.json({ error: reason }, { status });
  };
  const changes = new KServeClient('http://h:8000', undefined, { send });
  const beforeChange = async (model: string): Promise<void> => void asked.push(`note ${model}`);
  return { asked, control: new RemoteControl('http://h:8000', { send, server, signal, changes, beforeChange }) };
}

describe('a change on a remote server', () => {
  it('comes after the note of what was there', async () => {
    const { asked, control } = controlOf(200, '');
    await control.load('m', { name: 'm' });
    assert.deepEqual(asked, ['note m', 'POST /v2/repository/models/m/load']);
  });

  it('is refused for the configuration where that is why, and for no other reason', async () => {
    const { control } = controlOf(400, 'no such backend');
    await assert.rejects(control.load('m'), KServeError);
    for (const [status, reason, code] of [
      [503, 'explicit model load / unload is not allowed', 'control-off'],
      [400, 'explicit model unload / load is not allowed if polling is enabled', 'control-off'],
      [401, 'who?', 'control-refused'],
      [403, 'no', 'control-refused'],
      [504, 'upstream timed out', 'gateway'],
      [502, 'bad gateway', 'gateway'],
    ] as const) {
      for (const change of ['load', 'unload'] as const) {
        await assert.rejects(controlOf(status, reason).control[change]('m'), (error) => {
          assert(error instanceof Failure);
          assert.deepEqual([error.exitCode, error.code], [3, code]);
          assert.notEqual(error.hint, undefined);
          return true;
        });
      }
    }
  });

  it('is not begun once the user has had enough', async () => {
    const reason = new Error('enough');
    const { asked, control } = controlOf(200, '', AbortSignal.abort(reason));
    await assert.rejects(control.load('m'), reason);
    assert.deepEqual(asked, []);
  });
});
