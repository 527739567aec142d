import { setTimeout as delay } from 'node:timers/promises';
import { Failure, messageOf } from '../failure.ts';
import { decodeInferenceResponse, encodeInferenceRequest } from './inference.ts';
import type { Tensor } from './tensors.ts';

/** What `GET /v2` says of the server. */
export type ServerMetadata = {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
};

/** The served ModelConfig: Triton's field names, normalised by the server; 64-bit integers may be strings. */
export type ServedConfig = Readonly<Record<string, unknown>>;

/** What `GET /v2/models/M` says: the tensors a client sees (with the batch dimension as -1). */
export type ModelMetadata = {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
};
export type TensorMetadata = { readonly name: string; readonly datatype: string; readonly shape: readonly number[] };

/** Thrown when the server answered with an error status: `reason` is its own text, which never reaches a terminal unescaped. */
export class KServeError extends Error {
  override readonly name = 'KServeError';
  readonly status: number;
  readonly reason: string;
  constructor(what: string, status: number, reason: string) {
    super(`${what}: ${status} ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}

/** How requests reach the server: Node's fetch, or what stands in for it where there are headers, TLS or a proxy. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

export type ClientOptions = {
  readonly send?: Send;
  /** For one call; 60 s where it is left out. */
  readonly timeoutMs?: number;
  /** For a load, and for an unload to be over. */
  readonly changeTimeoutMs?: number;
};

/** What the server has of a model, one entry for each version that it knows. */
export type ModelState = {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
};

const defaultTimeoutMs = 60_000;
const answerLimitBytes = 64 * 1024 * 1024;

/**
 * The control side of the KServe v2 protocol over HTTP: health, metadata, config, statistics, model control.
 * Not the load path. Every call rejects with KServeError for an error status and Failure (server) for no answer at all.
 */
export class KServeClient {
  readonly url: string;
  readonly #signal: AbortSignal | undefined;
  readonly #send: Send;
  readonly #timeoutMs: number;
  readonly #changeTimeoutMs: number;

  constructor(url: string, signal?: AbortSignal, options: ClientOptions = {}) {
    const { send = fetch, timeoutMs = defaultTimeoutMs, changeTimeoutMs = timeoutMs } = options;
    this.url = url;
    this.#signal = signal;
    this.#send = send;
    this.#timeoutMs = timeoutMs;
    this.#changeTimeoutMs = changeTimeoutMs;
  }

  async serverReady(): Promise<boolean> {
    return this.#answers('/v2/health/ready');
  }

  async modelReady(model: string): Promise<boolean> {
    return this.#answers(`${modelPath(model)}/ready`);
  }

  async serverMetadata(): Promise<ServerMetadata> {
    return (await this.#object('/v2')) as unknown as ServerMetadata;
  }

  async modelMetadata(model: string): Promise<ModelMetadata> {
    return (await this.#object(modelPath(model))) as unknown as ModelMetadata;
  }

  async config(model: string): Promise<ServedConfig> {
    return await this.#object(`${modelPath(model)}/config`);
  }

  /** Cumulative counters since the model was loaded, as Triton reports them (ns and counts). */
  async statistics(model: string): Promise<unknown> {
    return this.#json('GET', `${modelPath(model)}/stats`);
  }

  /** The models of the server's repositories, loaded or not; those alone whose entry is a map with a name. */
  async repositoryIndex(): Promise<ModelState[]> {
    const index = await this.#json('POST', '/v2/repository/index', {});
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    return (Array.isArray(index) ? index : []).flatMap((entry: unknown) => {
      if (typeof entry !== 'object' || entry === null) return [];
      const { name, version, state, reason } = entry as Record<string, unknown>;
      return text(name) === ''
        ? []
        : [{ name: text(name), version: text(version), state: text(state), reason: text(reason) }];
    });
  }

  /** Loads from the repository, or with `config` in place of the file; resolves once the server says the load succeeded. */
  async load(model: string, config?: ServedConfig): Promise<void> {
    const body = config === undefined ? {} : { parameters: { config: JSON.stringify(config) } };
    await this.#json('POST', `/v2/repository/models/${encodeURIComponent(model)}/load`, body, this.#changeTimeoutMs);
  }

  /**
   * Unloads and waits until the model no longer answers: a load before that may keep what should go. What it ran in may
   * take longer to end (about 1 s an instance with a python-based backend), which a load need not wait for.
   */
  async unload(model: string): Promise<void> {
    await this.#json('POST', `/v2/repository/models/${encodeURIComponent(model)}/unload`, {}, this.#changeTimeoutMs);
    const deadline = performance.now() + this.#changeTimeoutMs;
    while (await this.modelReady(model)) {
      if (performance.now() > deadline) {
        throw new Failure(
          'server',
          'unload-hangs',
          `model ${model} is still there ${this.#changeTimeoutMs / 1000} s after its unload`,
        );
      }
      await delay(2, undefined, { signal: this.#signal });
    }
  }

  /** Unload, wait, load: the one way that treats every change of configuration alike. */
  async reload(model: string, config?: ServedConfig): Promise<void> {
    await this.unload(model);
    await this.load(model, config);
  }

  /** One inference with binary tensors both ways. */
  async infer(model: string, inputs: readonly Tensor[]): Promise<Tensor[]> {
    const { body, headerBytes } = encodeInferenceRequest(inputs);
    const response = await this.#request('POST', `${modelPath(model)}/infer`, {
      body,
      headers: { 'Inference-Header-Content-Length': String(headerBytes) },
    });
    const answer = await this.#checked(`POST ${modelPath(model)}/infer`, response);
    return decodeInferenceResponse(
      answer,
      Number(response.headers.get('inference-header-content-length') ?? answer.byteLength),
    );
  }

  async #answers(path: string): Promise<boolean> {
    try {
      const response = await this.#request('GET', path, {});
      await response.arrayBuffer();
      return response.ok;
    } catch (error) {
      if (this.#signal?.aborted) throw this.#signal.reason;
      if (error instanceof Failure) return false;
      throw error;
    }
  }

  async #object(path: string): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#json('GET', path);
    if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as ServedConfig;
    throw this.#notKServe(`GET ${path} did not answer a JSON object`);
  }

  async #json(method: 'GET' | 'POST', path: string, body?: object, timeoutMs = this.#timeoutMs): Promise<unknown> {
    const init = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) };
    const response = await this.#request(method, path, { ...init, timeoutMs });
    const answer = await this.#checked(`${method} ${path}`, response);
    if (answer.byteLength === 0) return {};
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(answer).toString('utf8'));
    } catch (error) {
      throw this.#notKServe(`${method} ${path} did not answer JSON: ${messageOf(error)}`);
    }
    if (isDeep(value)) throw this.#notKServe(`${method} ${path} answered JSON of more than ${depthMost} levels`);
    return value;
  }

  #notKServe(message: string): Failure {
    return new Failure('server', 'not-kserve', message, {
      hint: `is a KServe v2 server listening on ${this.url}?`,
    });
  }

  async #request(
    method: string,
    path: string,
    given: { body?: Uint8Array; headers?: Record<string, string>; timeoutMs?: number },
  ): Promise<Response> {
    const { timeoutMs = this.#timeoutMs, ...init } = given;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = this.#signal === undefined ? timeout : AbortSignal.any([this.#signal, timeout]);
    try {
      return await this.#send(`${this.url}${path}`, { method, signal, redirect: 'error', ...init } as RequestInit);
    } catch (error) {
      if (this.#signal?.aborted) throw this.#signal.reason;
      if (error instanceof Failure) throw error;
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      throw new Failure('server', 'no-answer', `${method} ${path} on ${this.url} got no answer: ${messageOf(cause)}`, {
        hint: `is a KServe v2 server listening on ${this.url}${this.url.startsWith('https:') ? ', and does it speak TLS there' : ''}?`,
        cause: error,
      });
    }
  }

  async #checked(what: string, response: Response): Promise<Uint8Array> {
    const answer = await readLimited(response, what);
    if (response.ok) return answer;
    throw new KServeError(what, response.status, reasonOf(answer));
  }
}

/** No configuration and no statistics are nested so deeply, and what goes through them calls itself for each level. */
const depthMost = 200;

function isDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth < depthMost; depth += 1) {
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
    if (level.length === 0) return false;
  }
  return true;
}

function modelPath(model: string): string {
  return `/v2/models/${encodeURIComponent(model)}`;
}

async function readLimited(response: Response, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > answerLimitBytes) {
        throw new Failure('server', 'huge-answer', `${what} answered more than ${answerLimitBytes} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('server', 'no-answer', `the answer to ${what} broke off: ${messageOf(error)}`, { cause: error });
  }
  return Buffer.concat(chunks);
}

function reasonOf(answer: Uint8Array): string {
  const text = Buffer.from(answer.subarray(0, 4096)).toString('utf8');
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // Not JSON: a proxy or another server answered; its text is the best reason there is.
  }
  return text.trim();
}
