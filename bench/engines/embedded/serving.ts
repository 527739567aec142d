import { messageOf } from '../../failure.ts';
import { type Core, startCore } from './core.ts';
import type { Listen, ServeFlags } from './flags.ts';
import { listenGrpc } from './grpc.ts';
import { defaultHttpOptions, listenHttp } from './http.ts';
import type { HttpHandler } from './http-message.ts';
import { metricsRoutes } from './metrics.ts';
import { httpRoutes } from './routes.ts';

/** What a running server listens on; undefined where that protocol is not served. */
export type Serving = AsyncDisposable & {
  readonly core: Core;
  readonly http: Listen | undefined;
  readonly grpc: Listen | undefined;
  readonly metrics: Listen | undefined;
};

/** Opens the repository and serves it as the flags say; `signal` ends a start that is under way. @throws CoreError, or Error naming an address that is in use. */
export async function startServing(
  flags: ServeFlags,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<Serving> {
  await using stack = new AsyncDisposableStack();
  const { exitTimeoutMs } = flags;
  const options = { ...defaultHttpOptions, exitTimeoutMs };
  const core = stack.use(await startCore({ ...flags, log, signal }));
  const routes = flags.isVerbose ? logged(httpRoutes(core, log), log) : httpRoutes(core, log);
  for (const name of flags.ignored) log(`--${name} has no effect here`);
  const listening: { http?: Listen; grpc?: Listen; metrics?: Listen } = {};
  const servers: AsyncDisposable[] = [];
  // All at the same time: the exit time-out counts once.
  stack.defer(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  });
  const listen = async (
    use: 'http' | 'grpc' | 'metrics',
    open: (at: Listen) => Promise<AsyncDisposable & { port: number }>,
  ) => {
    const at = flags[use];
    if (at === undefined) return;
    const server = await named(use, at, () => open(at));
    servers.push(server);
    listening[use] = { host: at.host, port: server.port };
    log(`Started ${use} at ${at.host}:${server.port}`);
  };
  await listen('http', (at) => listenHttp(routes, at, options));
  await listen('grpc', (at) => listenGrpc(core, { ...at, exitTimeoutMs }, log));
  await listen('metrics', (at) => listenHttp(metricsRoutes(core), at, options));
  const resources = stack.move();
  const { http, grpc, metrics } = listening;
  return { core, http, grpc, metrics, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function logged(handle: HttpHandler, log: (line: string) => void): HttpHandler {
  return async (request) => {
    const answer = await handle(request);
    log(`${request.method} ${request.path} ${answer.status}`);
    return answer;
  };
}

async function named<T>(use: string, { host, port }: Listen, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const isTaken = /EADDRINUSE|address already in use/i.test(messageOf(error));
    const what = isTaken ? 'already in use' : messageOf(error);
    throw new Error(`cannot listen: ${use} address ${host}:${port} ${what}`, { cause: error });
  }
}
