import { holderText, isHeld } from '../engines/remote/holder.ts';
import { identify } from '../engines/remote/identify.ts';
import { readRecord, restoreFile } from '../engines/remote/restore-record.ts';
import { KServeClient } from '../kserve/client.ts';
import type { EngineChoice } from '../plan/plan.ts';
import type { Check } from '../run/checks.ts';
import type { Host } from './host.ts';
import { connectRemote, readRemote } from './remote.ts';
import { stateFolderOf } from './state-folder.ts';

const what = 'engine';

/**
 * Asks a remote server who it is, and what is noted about it; it is left as it is. @throws Failure as a sweep would, where it cannot
 * be reached.
 */
export async function checkRemoteServer(remote: NonNullable<EngineChoice['remote']>, host: Host): Promise<Check> {
  const connection = await connectRemote(readRemote(remote, host.env), host.signal);
  const { url, server, send } = connection;
  const control = new KServeClient(url, host.signal, { send, timeoutMs: 10_000 });
  const { version, backend } = await identify(control, connection);
  const finding = `remote: Triton ${version}, ${backend}`;
  const record = readRecord(restoreFile(stateFolderOf(host), server));
  if (record === undefined || (record.models.length === 0 && !isHeld(record.holder)))
    return { what, status: 'ok', finding, advice: null };
  if (isHeld(record.holder))
    return {
      what,
      status: 'warning',
      finding: `${finding}, in use by ${holderText(record.holder)}`,
      advice: 'wait for it to end',
    };
  const models = record.models.map((model) => model.name).join(', ');
  const advice = 'put it back with tritune restore; the next sweep there does so first';
  return { what, status: 'warning', finding: `${finding}, where a run that is gone left ${models} changed`, advice };
}
