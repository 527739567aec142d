import { gunzipSync, inflateSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { type Answer, bodyLimitBytes } from '../http/answer.ts';
import { nowNs } from '../transport.ts';

export type UndiciOutcome = { readonly endNs: number } & (
  | { readonly answer: Omit<Answer, 'keepAlive'> }
  | { readonly error: Error }
);

/** Puts together one answer as undici hands it out, and tells once what came of it. */
export class UndiciAnswer implements Dispatcher.DispatchHandler {
  /** Whether its first byte has come in. */
  begun = false;
  readonly #tell: (outcome: UndiciOutcome) => void;
  #status = 0;
  #headers = new Map<string, string>();
  #pieces: Buffer[] = [];

  constructor(tell: (outcome: UndiciOutcome) => void) {
    this.#tell = tell;
  }

  onRequestStart(): void {}

  onResponseStarted(): void {
    this.begun = true;
  }

  /** Called for interim answers as well, the final one last. */
  onResponseStart(_controller: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status;
    this.#headers = new Map(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().at(-1) ?? '']));
  }

  onResponseData(_controller: unknown, piece: Buffer): void {
    this.#pieces.push(piece);
  }

  onResponseEnd(): void {
    const endNs = nowNs();
    const [first, ...others] = this.#pieces;
    const body = first !== undefined && others.length === 0 ? first : Buffer.concat(this.#pieces);
    this.#tell({ endNs, answer: { status: this.#status, headers: this.#headers, body } });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#tell({ endNs: nowNs(), error });
  }
}

/** The body without its coding; undefined where it is not what its header says, or unfolds beyond all measure. */
export function decodedBody({ headers, body }: Pick<Answer, 'headers' | 'body'>): Uint8Array | undefined {
  const coding = headers.get('content-encoding')?.toLowerCase() ?? 'identity';
  if (coding === 'identity') return body;
  try {
    if (coding === 'gzip') return gunzipSync(body, { maxOutputLength: bodyLimitBytes });
    return coding === 'deflate' ? inflateSync(body, { maxOutputLength: bodyLimitBytes }) : undefined;
  } catch {
    return undefined;
  }
}
