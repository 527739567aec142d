import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { connectThrough, dial, type Wrapping } from '../conventional/wrapping.ts';
import { answerLimitBytes, destroyWith } from './model-control.ts';

export type HttpQuestion = {
  readonly method: string;
  readonly path: string;
  /** Beside those of the target, and those that say how long the body is. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
};

export type HttpAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/**
 * One request over HTTP/1.1 on a connection of its own, made as the load's are: with the target's headers, TLS and proxy. Rejects
 * where no connection or no whole answer comes about, with an answer of more than 64 MiB, and when `signal` is aborted.
 */
export async function exchange(wrapping: Wrapping, question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
  const socket = dial(wrapping);
  destroyWith(signal, socket);
  try {
    return await ask(wrapping, await connectThrough(wrapping, socket), question);
  } finally {
    socket.destroy();
  }
}

function ask({ target, proxy, tunnel }: Wrapping, socket: Socket, question: HttpQuestion): Promise<HttpAnswer> {
  const { method, path, headers: further = [], body } = question;
  const { host, port, tls, headers } = target;
  const literal = (name: string): string => (name.includes(':') ? `[${name}]` : name);
  const forwarded = proxy !== null && !tunnel;
  const ownHost = headers.some(([name]) => name.toLowerCase() === 'host');
  const fields = [
    ...(ownHost ? [] : ['Host', `${literal(tls?.serverName ?? host)}:${port}`]),
    ...headers.flat(),
    ...further.flat(),
    ...(forwarded && proxy.authorization !== null ? ['Proxy-Authorization', proxy.authorization] : []),
    ...(method === 'POST' ? ['Content-Length', String(body?.byteLength ?? 0)] : []),
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
      const { statusCode: status = 0, headers: told } = answer;
      readBody(answer).then((whole) => resolve({ status, headers: told, body: whole }), reject);
    });
    asked.end(body);
  });
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
