import { Failure, messageOf } from '../../failure.ts';
import type { ModelMetadata } from '../../kserve/client.ts';
import { readCounters, type ServerCounters } from '../../kserve/statistics.ts';
import { type Wrapping, wrappingOf } from '../conventional/wrapping.ts';
import { checkHeaders } from '../http/header-fields.ts';
import type { Target } from '../transport.ts';
import { exchange } from './http-exchange.ts';
import { bounded, type ControlOptions, type ModelControl, RefusedCall } from './model-control.ts';

/** The control side over HTTP/1.1: a connection for each call, made as the load's are. */
export class HttpControl implements ModelControl {
  readonly #target: Target;
  readonly #wrapping: Wrapping;
  readonly #options: ControlOptions;

  constructor(target: Target, options: ControlOptions) {
    checkHeaders(target.headers);
    this.#target = target;
    this.#wrapping = wrappingOf(target, 'http/1.1');
    this.#options = options;
  }

  async server(): Promise<{ name: string; version: string }> {
    const { name, version } = asMap(await this.#call('GET', '/v2'));
    return { name: textOf(name), version: textOf(version) };
  }

  async metadata(): Promise<ModelMetadata> {
    return asMap(await this.#call('GET', this.#modelPath)) as unknown as ModelMetadata;
  }

  async maxBatchSize(): Promise<number | null> {
    try {
      const { max_batch_size: size = 0 } = asMap(await this.#call('GET', `${this.#modelPath}/config`));
      return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null;
    } catch (error) {
      // A KServe server need not have this path.
      if (error instanceof RefusedCall) return null;
      throw error;
    }
  }

  async counters(): Promise<ServerCounters> {
    return readCounters(await this.#call('GET', `${this.#modelPath}/stats`));
  }

  async models(): Promise<readonly string[]> {
    const index = await this.#call('POST', '/v2/repository/index');
    return Array.isArray(index) ? index.map((entry) => textOf(asMap(entry).name)).filter((name) => name !== '') : [];
  }

  get #modelPath(): string {
    const { model, modelVersion } = this.#target;
    const version = modelVersion === null ? '' : `/versions/${encodeURIComponent(modelVersion)}`;
    return `/v2/models/${encodeURIComponent(model)}${version}`;
  }

  #call(method: 'GET' | 'POST', path: string): Promise<unknown> {
    return bounded(`${method} ${path}`, this.#options, async (signal) => {
      const { status, body } = await exchange(this.#wrapping, { method, path }, signal);
      if (status !== 200) throw new RefusedCall(`${status}`, reasonOf(body));
      return parsed(`${method} ${path}`, body);
    });
  }
}

function parsed(what: string, body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8') || '{}');
  } catch (error) {
    throw new Failure('server', 'not-kserve', `${what} did not answer JSON: ${messageOf(error)}`, {
      hint: 'is it a KServe v2 server that listens there?',
    });
  }
}

function reasonOf(body: Buffer): string {
  const text = body.subarray(0, 4096).toString('utf8').trim();
  try {
    const { error } = asMap(JSON.parse(text));
    if (typeof error === 'string') return error;
  } catch {
    // Not JSON: a proxy or another server answered; its text is the best reason there is.
  }
  return text;
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
