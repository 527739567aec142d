import { Custody } from './custody.ts';
import { changeTimeoutMs, type RemoteConnection } from './engine.ts';
import { PatientClient } from './patient-client.ts';
import type { RestoreRecord, RestoreWay } from './restore-record.ts';
import { ServerHold } from './server-hold.ts';

export type RestoreOptions = {
  readonly connection: RemoteConnection;
  readonly record: RestoreRecord;
  /** Where the run's folder is now; null where the record is of none. */
  readonly runFolder: string | null;
  readonly stateFolder: string;
  /** How models are loaded, where it is not as the record says. */
  readonly way: RestoreWay | undefined;
  /** See `ServerHold`. */
  readonly isGoneElsewhere: boolean;
  readonly tell: (line: string) => void;
};

/**
 * Puts back what a run that is gone left changed on a server, and removes its record. Resolves with the names of the models.
 * @throws Failure: usage where another process has the server, server where a model is not what it was.
 */
export async function restoreServer(options: RestoreOptions): Promise<readonly string[]> {
  const { connection, record, runFolder, stateFolder, way, isGoneElsewhere, tell } = options;
  const { server, remote } = record;
  const hold = new ServerHold({ stateFolder, runFolder, server, remote, isGoneElsewhere });
  try {
    const others = hold.models.filter(({ name }) => !record.models.some((model) => model.name === name));
    hold.note([...record.models, ...others]);
    const control = new PatientClient(connection.url, { send: connection.send, changeTimeoutMs });
    return await new Custody({ control, hold, server, tell }).putBack(way);
  } finally {
    hold.release();
  }
}

/** Forgets what was left changed, since somebody says that it is as it should be. @throws Failure (usage) as above. */
export function keepAsItIs(
  options: Pick<RestoreOptions, 'record' | 'runFolder' | 'stateFolder' | 'isGoneElsewhere'>,
): void {
  const { record, ...place } = options;
  const hold = new ServerHold({ ...place, server: record.server, remote: record.remote });
  hold.note([]);
  hold.release();
}
