import { encodeInferenceRequest } from '../../kserve/inference.ts';
import type { Tensor } from '../../kserve/tensors.ts';
import type { Target } from '../transport.ts';

/** The whole HTTP/1.1 inference request as it goes over the wire, built once and sent many times. */
export function encodeHttpRequest(target: Target, inputs: readonly Tensor[]): Buffer {
  const { body, headerBytes } = encodeInferenceRequest(inputs);
  const head = [
    `POST /v2/models/${encodeURIComponent(target.model)}/infer HTTP/1.1`,
    `Host: ${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`,
    'Content-Type: application/octet-stream',
    `Inference-Header-Content-Length: ${headerBytes}`,
    `Content-Length: ${body.byteLength}`,
  ].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), body]);
}
