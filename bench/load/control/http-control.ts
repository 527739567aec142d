import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { Failure, messageOf } from '../../failure.ts';
import type { ModelMetadata } from '../../kserve/client.ts';
import { readCounters, type ServerCounters } from '../../kserve/statistics.ts';
import { connectThrough, dial, type Wrapping, wrappingOf } from '../conventional/wrapping.ts';
import { checkHeaders } from '../http/header-fields.ts';
import type { Target } from '../transport.ts';
import {
  answerLimitBytes,
  bounded,
  type ControlOptions,
  destroyWith,
  type ModelControl,
  RefusedCall,
} from './model-control.ts';

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
      const socket = dial(this.#wrapping);
      destroyWith(signal, socket);
      try {
        const connected = await connectThrough(this.#wrapping, socket);
        const { status, body } = await this.#ask(connected, method, path);
        if (status !== 200) throw new RefusedCall(`${status}`, reasonOf(body));
        return parsed(`${method} ${path}`, body);
      } finally {
        socket.destroy();
      }
    });
  }

  #ask(socket: Socket, method: string, path: string): Promise<{ status: number; body: Buffer }> {
    const { host, port, tls, headers } = this.#target;
    const { proxy, tunnel } = this.#wrapping;
    const literal = (name: string): string => (name.includes(':') ? `[${name}]` : name);
    const forwarded = proxy !== null && !tunnel;
    const ownHost = headers.some(([name]) => name.toLowerCase() === 'host');
    const fields = [
      ...(ownHost ? [] : ['Host', `${literal(tls?.serverName ?? host)}:${port}`]),
      ...headers.flat(),
      ...(forwarded && proxy.authorization !== null ? ['Proxy-Authorization', proxy.authorization] : []),
      ...(method === 'POST' ? ['Content-Length', '0'] : []),
      ...['Connection', 'close'],
    ];
    return new Promise((resolve, reject) => {
      const asked = request({
        method,
        path: `${forwarded ? `http://${literal(host)}:${port}` : ''}${path}`,
        headers: fields,
        createConnection: () => socket,
      });
      asked.on('error', reject);
      asked.on('response', (answer) => {
        readBody(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
      });
      asked.end();
    });
  }
}

async function readBody(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.byteLength;
    if (size > answerLimitBytes) throw new Error(`it is longer than ${answerLimitBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
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
