import type { Tensor } from '../kserve/tensors.ts';

/** What the server does with one inference request, once it has held it. */
export type ScriptedAnswer =
  | { readonly kind: 'right' }
  | { readonly kind: 'status'; readonly status: number; readonly reason?: string }
  /** Right, but one row too many, one value off by one, or without its last bytes and then closed. */
  | { readonly kind: 'wrong-shape' | 'wrong-values' | 'cut-off' }
  /** Right, with the lowest bit of each floating point number changed. */
  | { readonly kind: 'other-rounding' }
  /** Right, in pieces: cut at these offsets, each piece in a packet of its own. */
  | { readonly kind: 'split'; readonly at: readonly number[]; readonly pauseMs: number }
  /** Right, in another form: chunked; ended by closing; with `Connection: close`; after a `100 Continue`. */
  | { readonly kind: 'chunked' | 'until-close' | 'connection-close' | 'continue' }
  /** Right, and then: the same once more; the connection closed without a word. */
  | { readonly kind: 'twice' | 'right-then-closed' }
  | { readonly kind: 'garbage' | 'reset' | 'silent' };

export type Output = { readonly tensors: readonly Tensor[]; readonly model: string };

/** What goes over the wire, a packet each; what happens to the connection afterwards. */
export type Delivery = {
  readonly pieces: readonly Uint8Array[];
  readonly pauseMs: number;
  readonly afterwards: 'keep' | 'close' | 'reset' | 'silent';
};

/** The bytes of an answer to a request whose right output is `output`. */
export function deliver(answer: ScriptedAnswer, output: Output): Delivery {
  const right = (): Buffer => http(200, inferenceBody(output));
  switch (answer.kind) {
    case 'right':
      return whole(right());
    case 'status':
      return whole(http(answer.status, jsonBody({ error: answer.reason ?? 'scripted' })));
    case 'wrong-shape':
    case 'wrong-values':
    case 'other-rounding':
      return whole(http(200, inferenceBody(otherOutput(output, answer.kind))));
    case 'cut-off':
      return whole(right().subarray(0, -5), 'close');
    case 'split':
      return { pieces: cut(right(), answer.at), pauseMs: answer.pauseMs, afterwards: 'keep' };
    case 'chunked':
      return whole(chunked(inferenceBody(output)));
    case 'until-close':
      return whole(http(200, inferenceBody(output), { length: false }), 'close');
    case 'connection-close':
      return whole(http(200, inferenceBody(output), { headers: ['Connection: close'] }), 'close');
    case 'continue':
      return whole(Buffer.concat([Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'), right()]));
    case 'twice':
      return whole(Buffer.concat([right(), right()]));
    case 'right-then-closed':
      return whole(right(), 'close');
    case 'garbage':
      return whole(Buffer.from('\x16\x03\x01\x02 this is no HTTP\r\n'));
    case 'reset':
      return { pieces: [], pauseMs: 0, afterwards: 'reset' };
    case 'silent':
      return { pieces: [], pauseMs: 0, afterwards: 'silent' };
  }
}

/** An output with one row too many, one value off by one, or the lowest bit of each floating point number changed. */
export function otherOutput(output: Output, how: 'wrong-shape' | 'wrong-values' | 'other-rounding'): Output {
  const change = {
    'wrong-shape': withOneRowMore,
    'wrong-values': withAnotherFirstValue,
    'other-rounding': roundedOtherwise,
  };
  return { ...output, tensors: output.tensors.map(change[how]) };
}

type Body = { readonly bytes: Uint8Array; readonly headers: readonly string[] };

/** A whole HTTP/1.1 answer; `length: false` leaves its Content-Length out. */
export function http(
  status: number,
  body: Body,
  { headers = [], length = true }: { headers?: readonly string[]; length?: boolean } = {},
): Buffer {
  const lines = [`HTTP/1.1 ${status} Scripted`, ...body.headers, ...headers];
  if (length) lines.push(`Content-Length: ${body.bytes.byteLength}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body.bytes]);
}

export function jsonBody(value: unknown): Body {
  return { bytes: Buffer.from(JSON.stringify(value)), headers: ['Content-Type: application/json'] };
}

function inferenceBody({ model, tensors }: Output): Body {
  const outputs = tensors.map(({ name, datatype, shape, data }) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: data.byteLength },
  }));
  const header = Buffer.from(JSON.stringify({ model_name: model, model_version: '1', outputs }));
  return {
    bytes: Buffer.concat([header, ...tensors.map(({ data }) => data)]),
    headers: ['Content-Type: application/octet-stream', `Inference-Header-Content-Length: ${header.byteLength}`],
  };
}

function chunked({ bytes, headers }: Body): Buffer {
  const middle = Math.floor(bytes.byteLength / 2);
  const chunks = [bytes.subarray(0, middle), bytes.subarray(middle)].flatMap((chunk) => [
    Buffer.from(`${chunk.byteLength.toString(16)};scripted=1\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  const lines = ['HTTP/1.1 200 Scripted', ...headers, 'Transfer-Encoding: chunked'];
  return Buffer.concat([
    Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
    ...chunks,
    Buffer.from('0\r\nScripted-Trailer: 1\r\n\r\n'),
  ]);
}

function whole(bytes: Uint8Array, afterwards: Delivery['afterwards'] = 'keep'): Delivery {
  return { pieces: [bytes], pauseMs: 0, afterwards };
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const inside = at.filter((offset) => offset > 0 && offset < bytes.byteLength);
  return [0, ...inside].map((start, index) => bytes.subarray(start, inside[index]));
}

function withOneRowMore(tensor: Tensor): Tensor {
  const [rows = 0, ...rest] = tensor.shape;
  const row = tensor.data.subarray(0, tensor.data.byteLength / Math.max(rows, 1));
  return { ...tensor, shape: [rows + 1, ...rest], data: Buffer.concat([tensor.data, row]) };
}

/** An integer one off; a float with another exponent, far out of any tolerance. */
function withAnotherFirstValue(tensor: Tensor): Tensor {
  const data = Buffer.from(tensor.data);
  if (tensor.datatype.startsWith('FP')) data[3] = (data[3] ?? 0) ^ 1;
  else data[0] = (data[0] ?? 0) ^ 1;
  return { ...tensor, data };
}

function roundedOtherwise(tensor: Tensor): Tensor {
  if (tensor.datatype !== 'FP32') return tensor;
  return { ...tensor, data: tensor.data.map((byte, index) => (index % 4 === 0 ? byte ^ 1 : byte)) };
}
