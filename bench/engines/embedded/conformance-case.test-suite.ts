/** One HTTP request as it is sent to two servers whose answers are compared. */
export type HttpCase = {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

export type Json = Record<string, unknown>;
export const iris = '/v2/models/sklearn-onnx';
/** A flower of class 0, and its input as JSON. */
export const row = [5.1, 3.5, 1.4, 0.2];
export const flower: Json = { name: 'input', datatype: 'FP32', shape: [1, 4], data: row };

/** A request in JSON; a text is sent as it is. */
export function post(name: string, request: unknown, path = `${iris}/infer`): HttpCase {
  return { name, method: 'POST', path, body: typeof request === 'string' ? request : JSON.stringify(request) };
}

/** A body of the binary extension. `announced` in place of the header's true length, where it is a lie. */
export function binary(name: string, header: unknown, parts: readonly Uint8Array[], announced?: string): HttpCase {
  const head = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  return {
    name,
    method: 'POST',
    path: `${iris}/infer`,
    headers: { 'Inference-Header-Content-Length': announced ?? String(head.byteLength) },
    body: Buffer.concat([head, ...parts]),
  };
}
