import type { Engine, Server, StartOptions } from '../engines/engine.ts';
import { type RemoteOptions, remoteEngine } from '../engines/remote/engine.ts';
import type { RemoteChoice } from '../plan/plan.ts';
import { makeAuthority } from '../testing/scripted-certificates.ts';
import { type Relay, startRelay } from '../testing/scripted-relay.ts';
import { connectRemote, readRemote } from './remote.ts';

/** What a remote server is named by, of an address on 127.0.0.1. */
export function remoteChoice(changes: Partial<RemoteChoice> & Pick<RemoteChoice, 'http'>): RemoteChoice {
  return {
    grpc: null,
    tls: { ca: null, certificate: null, key: null, serverName: null },
    headers: [],
    restartCommand: null,
    ...changes,
  };
}

/** The remote engine for one choice, as the command line makes it. */
export function remoteFor(
  choice: RemoteChoice,
  { stateFolder, env = {} }: Pick<RemoteOptions, 'stateFolder'> & Partial<RemoteOptions>,
): Engine {
  const means = readRemote(choice, env);
  return remoteEngine({ connect: (signal) => connectRemote(means, signal), stateFolder, env });
}

type Before = {
  /** Files for the far side's certificates; TLS stands before it then. */
  readonly tls?: { readonly ca: string; readonly writeCa: (text: string) => void };
  readonly stateFolder: string;
};

/**
 * An engine whose servers are started by another one and reached as remote ones: what is staged for them is what the far side
 * serves, and both end together.
 */
export function behind(far: Engine, { tls, stateFolder }: Before): Engine {
  return {
    kind: 'remote',
    async start(options) {
      await using stack = new AsyncDisposableStack();
      const server = stack.use(await far.start(options));
      const ports = { http: server.httpAddress.port, grpc: server.grpcAddress?.port ?? 0 };
      const [http, grpc] = tls === undefined ? [ports.http, ports.grpc] : await overTls(stack, ports, tls);
      const scheme = tls === undefined ? '' : 'https://';
      const choice = remoteChoice({
        http: `${scheme}127.0.0.1:${http}`,
        grpc: `127.0.0.1:${grpc}`,
        tls: { ca: tls?.ca ?? null, certificate: null, key: null, serverName: null },
      });
      const remote = await remoteFor(choice, { stateFolder }).start(withoutPorts(options));
      const resources = stack.move();
      return together(remote, () => resources.disposeAsync());
    },
  };
}

async function overTls(
  stack: AsyncDisposableStack,
  { http, grpc }: { http: number; grpc: number },
  { writeCa }: NonNullable<Before['tls']>,
): Promise<[number, number]> {
  const authority = makeAuthority();
  writeCa(authority.certificate);
  const { certificate, key } = authority.issue('127.0.0.1');
  const relay = async (port: number, protocol: string): Promise<Relay> =>
    stack.use(await startRelay(port, { tls: { cert: certificate, key, ALPNProtocols: [protocol] } }));
  return [(await relay(http, 'http/1.1')).address.port, (await relay(grpc, 'h2')).address.port];
}

function withoutPorts({ httpPort: _, grpcPort: __, ...rest }: StartOptions): StartOptions {
  return rest;
}

/** The remote server, which takes the far one with it when it is left. */
function together(remote: Server, end: () => Promise<void>): Server {
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= remote.stop().finally(end);
    return stopping;
  };
  return {
    ...{ identity: remote.identity, httpAddress: remote.httpAddress, grpcAddress: remote.grpcAddress },
    ...{ metricsAddress: remote.metricsAddress, control: remote.control, died: remote.died, pid: remote.pid },
    ...{ command: remote.command, logMark: () => remote.logMark(), logSince: (mark) => remote.logSince(mark) },
    ...(remote.attached === undefined ? {} : { attached: remote.attached }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
