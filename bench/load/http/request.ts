import { encodeInferenceRequest } from '../../kserve/inference.ts';
import type { Tensor } from '../../kserve/tensors.ts';
import type { Target } from '../transport.ts';
import { checkHeaders } from './header-fields.ts';

/**
 * The whole HTTP/1.1 inference request as it goes over the wire, built once and sent many times.
 * @throws Failure (usage) for a header that cannot be sent.
 */
export function encodeHttpRequest(target: Target, inputs: readonly Tensor[]): Buffer {
  const { body, headerBytes } = encodeInferenceRequest(inputs);
  const head = [
    `POST ${inferPath(target)} HTTP/1.1`,
    ...inferHeaders(target, headerBytes).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${body.byteLength}`,
  ].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), body]);
}

/** Where a model, in the version asked for, takes its requests. */
export function inferPath({ model, modelVersion }: Target): string {
  const version = modelVersion === null ? '' : `/versions/${encodeURIComponent(modelVersion)}`;
  return `/v2/models/${encodeURIComponent(model)}${version}/infer`;
}

/**
 * All headers but the length of the body, of which `headerBytes` are its JSON header. A Host among the target's own
 * replaces the usual one, which behind TLS names the server as its certificate does.
 */
export function inferHeaders(target: Target, headerBytes: number): [name: string, value: string][] {
  const own = checkHeaders(target.headers);
  const name = target.tls?.serverName ?? target.host;
  const host: [string, string] = ['Host', `${name.includes(':') ? `[${name}]` : name}:${target.port}`];
  return [
    ...(own.some(([given]) => given.toLowerCase() === 'host') ? [] : [host]),
    ['Content-Type', 'application/octet-stream'],
    ['Inference-Header-Content-Length', `${headerBytes}`],
    ...own.map(([given, value]): [string, string] => [given, value]),
  ];
}
