import type { Core } from './core.ts';
import { CoreError, type CoreStatus } from './failures.ts';
import {
  emptyAnswer,
  errorAnswer,
  type HttpAnswer,
  type HttpHandler,
  type HttpRequest,
  jsonAnswer,
} from './http-message.ts';
import { inferHttp } from './infer-http.ts';
import { isObject, member, parseJson } from './json-fields.ts';

const statusCodes: Readonly<Record<CoreStatus, number>> = {
  INVALID_ARG: 400,
  NOT_FOUND: 404,
  UNAVAILABLE: 503,
  INTERNAL: 500,
  UNSUPPORTED: 501,
  ALREADY_EXISTS: 400,
  UNKNOWN: 400,
  DEADLINE: 503,
};

const modelPath = /^\/v2\/models\/([^/]+)(?:\/versions\/([0-9]+))?(?:\/(infer|ready|config|stats))?$/;
const controlPath = /^\/v2\/repository(?:\/[^/]+)?\/(?:(index)|models\/([^/]+)\/(load|unload))$/;

/** What a KServe v2 server answers over HTTP, with Triton's status codes. A bug becomes a 500, told to `log`. */
export function httpRoutes(core: Core, log: (line: string) => void): HttpHandler {
  return (request) => {
    try {
      const answer = route(core, request);
      return answer instanceof Promise ? answer.catch((error) => failed(error, log)) : answer;
    } catch (error) {
      return failed(error, log);
    }
  };
}

function route(core: Core, request: HttpRequest): HttpAnswer | Promise<HttpAnswer> {
  const { path } = request;
  const model = modelPath.exec(path);
  if (model !== null && path !== '/v2/models/stats') return routeModel(core, request, model);
  const control = controlPath.exec(path);
  if (control !== null) return routeControl(core, request, control);
  const get = gets.get(path);
  if (get === undefined) return plainError(404, 'Not Found');
  return request.method === 'GET' ? get(core) : notAllowed();
}

const gets = new Map<string, (core: Core) => HttpAnswer>([
  ['/v2', ({ id, version, extensions }) => jsonAnswer({ name: id, version, extensions })],
  ['/v2/health/live', (core) => health(core.live(), 'Server not live')],
  ['/v2/health/ready', (core) => health(core.ready(), 'Server not ready')],
  ['/v2/models/stats', (core) => jsonAnswer({ model_stats: core.statistics() })],
  // A client may ask what is registered; nothing can be.
  ['/v2/systemsharedmemory/status', () => jsonAnswer([])],
  ['/v2/cudasharedmemory/status', () => jsonAnswer([])],
]);

function routeModel(core: Core, request: HttpRequest, match: RegExpExecArray): HttpAnswer | Promise<HttpAnswer> {
  const [, name = '', writtenVersion, verb] = match;
  const isInfer = verb === 'infer';
  if (request.method !== (isInfer ? 'POST' : 'GET')) return notAllowed();
  const version = writtenVersion === undefined ? undefined : readVersion(writtenVersion);
  if (isInfer) return inferHttp(core, { modelName: name, modelVersion: version ?? '' }, request);
  if (verb === 'ready') return health(core.modelReady(name, version), 'Model version not ready');
  if (verb === 'config') return jsonAnswer(core.modelConfig(name, version));
  if (verb === 'stats') return jsonAnswer({ model_stats: core.statistics(name, version) });
  return jsonAnswer(core.modelMetadata(name, version));
}

async function routeControl(core: Core, request: HttpRequest, match: RegExpExecArray): Promise<HttpAnswer> {
  if (request.method !== 'POST') return notAllowed();
  const [, index, name = '', verb] = match;
  const json = request.body.byteLength === 0 ? {} : parseJson(request.body);
  if (index !== undefined) {
    const ready = member(json, 'ready');
    if (ready !== undefined && typeof ready !== 'boolean') {
      throw new CoreError('INTERNAL', 'attempt to access JSON non-boolean as boolean');
    }
    return jsonAnswer(core.index(ready ?? false));
  }
  if (verb === 'load') await core.load(name, loadParameters(member(json, 'parameters')));
  else await core.unload(name);
  return emptyAnswer();
}

function loadParameters(given: unknown): { config?: string } {
  if (given === undefined) return {};
  if (!isObject(given)) throw new CoreError('INTERNAL', 'attempt to get members for non-object');
  for (const key of Object.keys(given)) {
    if (key !== 'config') throw new CoreError('INTERNAL', `a load takes no parameter '${key}', only 'config'`);
  }
  const config = member(given, 'config');
  if (config === undefined) return {};
  if (typeof config === 'string') return { config };
  throw new CoreError('INTERNAL', 'attempt to access JSON non-string as string');
}

/** The same version however many zeros it begins with. */
function readVersion(text: string): string {
  const version = BigInt(text.slice(0, 40));
  if (text.length <= 40 && version < 2n ** 63n) return String(version);
  throw new CoreError(
    'INVALID_ARG',
    `failed to get model version from specified version string '${text.slice(0, 100)}' (details: stol), version should be an integral value > 0`,
  );
}

function health(isWell: boolean, otherwise: string): HttpAnswer {
  return isWell ? emptyAnswer() : errorAnswer(400, otherwise);
}

function notAllowed(): HttpAnswer {
  return plainError(405, 'Method Not Allowed');
}

function plainError(status: number, message: string): HttpAnswer {
  return { ...errorAnswer(status, message), contentType: 'text/plain' };
}

function failed(error: unknown, log: (line: string) => void): HttpAnswer {
  if (error instanceof CoreError) return errorAnswer(statusCodes[error.status], error.message);
  log(`a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return errorAnswer(500, 'internal error');
}
