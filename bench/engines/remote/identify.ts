import { Failure } from '../../failure.ts';
import { type KServeClient, KServeError } from '../../kserve/client.ts';
import type { RemoteChoice } from '../../plan/plan.ts';
import { embeddedBackend } from '../embedded/engine.ts';
import { defaultServerId } from '../embedded/flags.ts';
import type { EngineIdentity } from '../engine.ts';
import { standInBackend, standInServerId } from '../local/installation.ts';

/**
 * What a remote server says it is; `server` is its HOST:PORT. It is told from stand-ins by the name that these give themselves.
 * @throws Failure (server) where it does not say
 */
export async function identify(
  control: KServeClient,
  { server, choice }: { readonly server: string; readonly choice: RemoteChoice },
): Promise<EngineIdentity> {
  try {
    const { name, version } = await control.serverMetadata();
    const standIn = standIns.get(String(name));
    return {
      kind: 'remote',
      version: typeof version === 'string' ? version : '',
      backend: `${standIn ?? "Triton's own backends"} at ${server}`,
      transferable: standIn === undefined,
      ...(choice.restartCommand === null ? { sharedProcess: true } : {}),
    };
  } catch (error) {
    if (!(error instanceof KServeError)) throw error;
    const unknown = error.status === 401 || error.status === 403;
    throw new Failure(
      'server',
      'not-kserve',
      `${control.url} does not say what it is: ${error.status} ${error.reason}`,
      {
        hint: unknown
          ? 'do the headers of the engine say who you are?'
          : 'is it a KServe v2 server that listens there?',
        cause: error,
      },
    );
  }
}

const standIns: ReadonlyMap<string, string> = new Map([
  [standInServerId, standInBackend],
  [defaultServerId, embeddedBackend],
]);
