import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { HttpFault } from './http-head.ts';

const decodedLimitBytes = 256 * 1024 * 1024;

/** A request's body without its content coding, gzip or deflate. @throws HttpFault for another, or for what is not what it says. */
export async function decodedBody(coding: string, body: Buffer): Promise<Buffer> {
  if (coding === '' || coding === 'identity') return body;
  const decode = decoders[coding.toLowerCase()];
  if (decode === undefined) throw new HttpFault(415, 'the content-encodings known are gzip and deflate');
  try {
    return await decode(body, { maxOutputLength: decodedLimitBytes });
  } catch {
    throw new HttpFault(400, `the body is not ${coding}, or takes more than ${decodedLimitBytes} bytes`);
  }
}

const decoders: Readonly<Record<string, typeof inflateAsync>> = {
  __proto__: null as never,
  gzip: promisify(gunzip) as typeof inflateAsync,
  deflate: inflateAsync,
};

function inflateAsync(body: Buffer, options: { maxOutputLength: number }): Promise<Buffer> {
  return promisify(inflate)(body, options) as unknown as Promise<Buffer>;
}
