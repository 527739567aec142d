import { messageOf } from '../failure.ts';
import type { Send } from './client.ts';

export type MetricsPage = { readonly text: string } | { readonly unknown: string };

const pageLimitBytes = 4 * 1024 * 1024;

/**
 * A server's metrics page, asked for while nobody is measured. It never throws and never takes longer than `timeoutMs`: an endpoint that is off,
 * broken or slow once is not asked again, and what it says is unknown from then on.
 */
export class MetricsEndpoint {
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #send: Send;
  #trouble: string | undefined;

  constructor(url: string, { timeoutMs, send = fetch }: { readonly timeoutMs: number; readonly send?: Send }) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
    this.#send = send;
  }

  async read(): Promise<MetricsPage> {
    if (this.#trouble !== undefined) return { unknown: this.#trouble };
    const page = await this.#ask();
    if ('unknown' in page) this.#trouble = page.unknown;
    return page;
  }

  async #ask(): Promise<MetricsPage> {
    const timeout = new AbortController();
    const { promise: late, resolve } = Promise.withResolvers<MetricsPage>();
    const timer = setTimeout(() => {
      timeout.abort();
      // Whatever stands in for fetch may take its time to give up.
      resolve({ unknown: `no answer within ${this.#timeoutMs} ms` });
    }, this.#timeoutMs);
    try {
      return await Promise.race([late, this.#page(timeout.signal)]);
    } finally {
      clearTimeout(timer);
      timeout.abort();
    }
  }

  async #page(signal: AbortSignal): Promise<MetricsPage> {
    try {
      const response = await this.#send(this.#url, { signal, redirect: 'manual' });
      if (response.status !== 200) return { unknown: `status ${response.status}` };
      return await readBody(response);
    } catch (error) {
      return { unknown: reasonOf(error) };
    }
  }
}

async function readBody(response: Response): Promise<MetricsPage> {
  const pieces: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const piece of response.body ?? []) {
    lengthBytes += piece.length;
    if (lengthBytes > pageLimitBytes) return { unknown: 'more than 4 MiB' };
    pieces.push(piece);
  }
  return { text: Buffer.concat(pieces).toString('utf8') };
}

/** Of a refused connection the code alone: the words have the port, which is another one for each server. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  const code = cause?.code ?? (error as { code?: unknown }).code;
  if (code === 'ECONNREFUSED') return 'nobody listens there';
  const text = typeof code === 'string' && code !== '' ? code : messageOf(error);
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, 200);
}
