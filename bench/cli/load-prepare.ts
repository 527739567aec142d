import { Failure } from '../failure.ts';
import { type ModelControl, openControl, RefusedCall } from '../load/control/model-control.ts';
import { readWorkload } from '../load/data/read-workload.ts';
import type { PreparedRequest } from '../load/rotation.ts';
import { loadTransport, type Target } from '../load/transport.ts';
import { chooseTransport } from '../load/transport-choice.ts';
import type { Transport as TransportName } from '../plan/plan.ts';
import { resolveServer } from './load-address.ts';
import { secretsOf, withoutSecrets } from './load-headers.ts';
import { proxyText, requireRemote, resolveProxy } from './load-proxy.ts';
import type { LoadRequest } from './load-request.ts';

/** All that a load needs of the server, which answered and has the model. */
export type PreparedLoad = {
  readonly target: Target;
  readonly transport: TransportName;
  readonly control: ModelControl;
  readonly requests: readonly PreparedRequest[];
  readonly about: LoadSubject;
};

/** What is loaded with what, for people and for the record. Nothing in it is secret. */
export type LoadSubject = {
  readonly address: string;
  readonly protocol: 'http' | 'grpc';
  readonly transport: TransportName;
  readonly tls: boolean;
  readonly compression: 'none' | 'gzip' | 'deflate';
  readonly proxy: string | null;
  readonly connections: 'own' | 'shared';
  readonly model: string;
  readonly modelVersion: string | null;
  readonly server: { readonly name: string; readonly version: string };
  readonly batchSize: number;
  readonly input: string;
  readonly distinctRequestCount: number;
  /** Whether answers are compared with expected values, or looked at for their form alone. */
  readonly checksValues: boolean;
};

const controlTimeoutMs = 10_000;

/** @throws Failure: usage for what cannot be sent, server where nobody answers or the model is not there. */
export async function prepareLoad(request: LoadRequest, signal: AbortSignal): Promise<PreparedLoad> {
  const { server, model, modelVersion } = request;
  const { protocol } = server;
  const target = await reach(request, signal);
  const control = await openControl(protocol, target, {
    signal,
    timeoutMs: Math.min(controlTimeoutMs, request.requestTimeoutMs),
  });
  const metadata = await control.metadata().catch((error: unknown) => explain(error, request, control));
  const maxBatchSize = await control.maxBatchSize();
  const batchSize = request.question.batchSize;
  const workload = await readWorkload({ ...request.workload, maxBatchSize }, metadata, batchSize);
  const transport = await loadTransport(request.transport ?? chooseTransport(protocol, target));
  const shared = request.shared ?? transport.sharesConnections;
  // What cannot be connected with at all is told before anything is measured.
  transport.open(target, { shared })[Symbol.dispose]();
  return {
    target,
    transport: transport.name,
    control,
    requests: workload.inputs.map((inputs, index) => ({
      ...transport.encode(target, inputs),
      expected: workload.expected?.[index] ?? null,
    })),
    about: {
      address: `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`,
      protocol,
      transport: transport.name,
      tls: target.tls !== null,
      compression: target.compression,
      proxy: target.proxy === null ? null : proxyText(target.proxy),
      connections: shared ? 'shared' : 'own',
      model,
      modelVersion,
      server: await serverOf(control, secretsOf(request.headers)),
      batchSize,
      input: workload.description,
      distinctRequestCount: workload.inputs.length,
      checksValues: workload.expected !== null,
    },
  };
}

/** The target with every name resolved, and an address that takes connections. */
async function reach(request: LoadRequest, signal: AbortSignal): Promise<Target> {
  const { server, model, modelVersion, headers, tls, compression, proxy, allowRemote } = request;
  const common = { port: server.port, model, modelVersion, headers, tls, compression };
  if (proxy === null) {
    const host = await resolveServer(server, { allowRemote, signal });
    return { ...common, host, proxy: null };
  }
  requireRemote(server, allowRemote);
  return { ...common, host: server.host, proxy: await resolveProxy(proxy, { allowRemote, signal }) };
}

/** In the server's own words, which may repeat a header. */
async function serverOf(control: ModelControl, secrets: readonly string[]): Promise<LoadSubject['server']> {
  const { name, version } = await control.server().catch(() => ({ name: '', version: '' }));
  return { name: withoutSecrets(name, secrets), version: withoutSecrets(version, secrets) };
}

const modelsShown = 8;

async function explain(error: unknown, { model, modelVersion }: LoadRequest, control: ModelControl): Promise<never> {
  if (!(error instanceof RefusedCall)) throw error;
  const names = await control.models().catch(() => []);
  const others = [...new Set(names)].slice(0, modelsShown).join(', ');
  const what = modelVersion === null ? `model ${model}` : `version ${modelVersion} of model ${model}`;
  throw new Failure('server', 'no-model', `the server does not serve ${what}: ${error.reason || error.status}`, {
    hint: others === '' ? 'is it loaded, and its name right?' : `it has ${others}`,
    cause: error,
  });
}
