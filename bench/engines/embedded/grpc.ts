import {
  type handleUnaryCall,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
  type ServiceError,
  setLogVerbosity,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Core, InferRequest } from './core.ts';
import { CoreError, type CoreStatus } from './failures.ts';
import { serviceDefinition } from './grpc-definition.ts';
import {
  readVersion,
  readWireInference,
  type WireInferRequest,
  type WireParameter,
  wireInference,
} from './grpc-inference.ts';
import { inferMessageFault } from './grpc-limits.ts';

const codes: Readonly<Record<CoreStatus, status>> = {
  INVALID_ARG: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  UNAVAILABLE: status.UNAVAILABLE,
  INTERNAL: status.INTERNAL,
  UNSUPPORTED: status.UNIMPLEMENTED,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  UNKNOWN: status.UNKNOWN,
  DEADLINE: status.DEADLINE_EXCEEDED,
};

const messageLimitBytes = 256 * 1024 * 1024;
/** Requests of one stream that are not answered yet; no more are read until they are. */
const outstandingLimitCount = 64;

// What it has to say is told by errors; it would write to the terminal besides.
setLogVerbosity(logVerbosity.NONE);

export type GrpcOptions = { readonly host: string; readonly port: number; readonly exitTimeoutMs: number };

/** The KServe v2 protocol over gRPC. Rejects where the address cannot be listened on. */
export async function listenGrpc(
  core: Core,
  { host, port, exitTimeoutMs }: GrpcOptions,
  log: (line: string) => void,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = new Server({
    'grpc.max_receive_message_length': messageLimitBytes,
    'grpc.max_send_message_length': messageLimitBytes,
    // A second server on the same port would share its requests in silence.
    'grpc.so_reuseport': 0,
  });
  server.addService(guardedService(), implementation(core, log));
  const bound = await new Promise<number>((resolve, reject) => {
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, number) =>
      error === null ? resolve(number) : reject(error),
    );
  });
  return {
    port: bound,
    async [Symbol.asyncDispose]() {
      const hurry = setTimeout(() => server.forceShutdown(), exitTimeoutMs);
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      clearTimeout(hurry);
    },
  };
}

/** The service, its inferences looked at before they are read. */
function guardedService(): ServiceDefinition {
  const methods = Object.entries(serviceDefinition()).map(([name, method]) => {
    if (name !== 'ModelInfer' && name !== 'ModelStreamInfer') return [name, method];
    // What throws here is told to the client without its reason.
    const requestDeserialize = (bytes: Buffer): GuardedRequest => {
      const refusal = inferMessageFault(bytes);
      return refusal === undefined ? (method.requestDeserialize(bytes) as WireInferRequest) : { refusal };
    };
    return [name, { ...method, requestDeserialize }];
  });
  return Object.fromEntries(methods);
}

type GuardedRequest = WireInferRequest & { readonly refusal?: string };

function readGuarded(request: GuardedRequest): InferRequest {
  if (request.refusal === undefined) return readWireInference(request);
  throw new CoreError('INVALID_ARG', `the request cannot be read: ${request.refusal}`);
}

type Named = { name?: string; version?: string };
type Control = { model_name?: string; parameters?: Readonly<Record<string, WireParameter>> };

function implementation(core: Core, log: (line: string) => void): UntypedServiceImplementation {
  const unary = <Request>(answer: (request: Request) => object | Promise<object>): handleUnaryCall<Request, object> => {
    return (call, respond) => {
      new Promise<object>((resolve) => resolve(answer(call.request))).then(
        (response) => respond(null, response),
        (error: unknown) => respond(failed(error, log)),
      );
    };
  };
  return {
    ServerLive: unary(() => ({ live: core.live() })),
    ServerReady: unary(() => ({ ready: core.ready() })),
    ModelReady: unary(({ name = '', version = '' }: Named) => ({ ready: core.modelReady(name, readVersion(version)) })),
    ServerMetadata: unary(() => ({ name: core.id, version: core.version, extensions: core.extensions })),
    ModelMetadata: unary(({ name = '', version = '' }: Named) => core.modelMetadata(name, readVersion(version))),
    ModelConfig: unary(({ name = '', version = '' }: Named) => ({
      config: core.modelConfig(name, readVersion(version)),
    })),
    ModelStatistics: unary(({ name = '', version = '' }: Named) => ({
      model_stats: core.statistics(name === '' ? undefined : name, readVersion(version)),
    })),
    RepositoryIndex: unary(({ ready = false, repository_name = '' }: { ready?: boolean; repository_name?: string }) => {
      if (repository_name === '') return { models: core.index(ready) };
      throw new CoreError('UNSUPPORTED', "'repository_name' specification is not supported");
    }),
    RepositoryModelLoad: unary(async ({ model_name = '', parameters = {} }: Control) => {
      await core.load(model_name, loadParameters(parameters));
      return {};
    }),
    RepositoryModelUnload: unary(async ({ model_name = '' }: Control) => {
      await core.unload(model_name);
      return {};
    }),
    SystemSharedMemoryStatus: unary(() => ({})),
    CudaSharedMemoryStatus: unary(() => ({})),
    ModelInfer: unary(async (request: GuardedRequest) => wireInference(await core.infer(readGuarded(request)))),
    ModelStreamInfer: (call: ServerDuplexStream<GuardedRequest, object>) => stream(core, call, log),
  };
}

/** Answers come in the order of the requests; one that fails is an answer too. A client that does not read them is not read. */
function stream(core: Core, call: ServerDuplexStream<GuardedRequest, object>, log: (line: string) => void): void {
  let written = Promise.resolve();
  let outstandingCount = 0;
  let mustDrain = false;
  const pace = (): void => {
    if (outstandingCount >= outstandingLimitCount || mustDrain) call.pause();
    else call.resume();
  };
  call.on('data', (request: GuardedRequest) => {
    outstandingCount += 1;
    pace();
    const answer = new Promise<object>((resolve) => {
      resolve(core.infer(readGuarded(request)).then((response) => ({ infer_response: wireInference(response) })));
    }).catch((error: unknown) => ({
      error_message: failed(error, log).details,
      infer_response: { id: request.id ?? '' },
    }));
    written = written.then(async () => {
      const told = await answer;
      outstandingCount -= 1;
      mustDrain = !call.write(told);
      pace();
    });
  });
  call.on('drain', () => {
    mustDrain = false;
    pace();
  });
  call.on('end', () => void written.then(() => call.end()));
  call.on('error', () => undefined);
}

function loadParameters(given: Readonly<Record<string, WireParameter>>): { config?: string } {
  for (const key of Object.keys(given)) {
    if (key !== 'config') throw new CoreError('INVALID_ARG', `unrecognized load parameter '${key}'.`);
  }
  const config = given.config;
  if (config === undefined) return {};
  if (config.string_param === undefined) {
    throw new CoreError('INVALID_ARG', "invalid value type for load parameter 'config', expected string_param.");
  }
  return { config: config.string_param };
}

function failed(error: unknown, log: (line: string) => void): Partial<ServiceError> & { details: string } {
  if (error instanceof CoreError) return { code: codes[error.status], details: error.message };
  log(`a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return { code: status.INTERNAL, details: 'internal error' };
}
