import { request } from 'node:http';
import { decodeElements, isDatatype } from '../../kserve/tensors.ts';
import type { Address } from '../engine.ts';
import type { HttpCase } from './conformance-case.test-suite.ts';
import type { GrpcOutcome } from './grpc-client.fixture.ts';

/** What a server answered, in a form in which two answers that mean the same are equal. */
export type Meaning = { readonly status: number; readonly says: unknown };

/** Sends one case on a connection of its own. A connection that breaks counts as status -1. */
export async function sendHttp({ host, port }: Address, { method, path, headers, body }: HttpCase): Promise<Meaning> {
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const sent = request(
      { host, port, method, path, headers: { ...headers, ...length }, timeout: 20_000 },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          const jsonBytes = answer.headers['inference-header-content-length'];
          const whole = Buffer.concat(parts);
          const status = answer.statusCode ?? -1;
          resolve({ status, says: httpMeaning(whole, jsonBytes === undefined ? undefined : Number(jsonBytes)) });
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', (error) => resolve({ status: -1, says: error.message }));
    sent.end(body);
  });
}

/** An answer over gRPC, fields that are not set like those that are zero. */
export function grpcMeaning(outcome: GrpcOutcome): Meaning {
  if (!('response' in outcome)) return { status: outcome.code, says: sameWords(outcome.details) };
  const {
    raw_output_contents: raw,
    outputs,
    ...rest
  } = outcome.response as {
    raw_output_contents?: Buffer[];
    outputs?: { name: string; datatype: string; shape: string[] }[];
  };
  if (raw === undefined || outputs === undefined) return { status: 0, says: withoutZeros(settled(outcome.response)) };
  const tensors = outputs.map(({ name, datatype, shape }, index) => ({
    ...{ name, datatype, shape: shape.map(Number) },
    values: valuesOf(datatype, raw[index] ?? Buffer.alloc(0)),
  }));
  return { status: 0, says: { ...(withoutZeros(rest) as object), outputs: tensors } };
}

type Output = {
  name: string;
  datatype: string;
  shape: number[];
  data?: unknown[];
  parameters?: { binary_data_size?: number };
};

function httpMeaning(body: Buffer, jsonBytes: number | undefined): unknown {
  const text = body.toString('utf8', 0, jsonBytes);
  let json: unknown;
  try {
    // Both servers write these words, which JSON does not have.
    json = JSON.parse(text.replace(/(?<=[[,])(NaN|-?Infinity)(?=[\],])/g, '"$1"'));
  } catch {
    return text;
  }
  if (typeof json !== 'object' || json === null || !('model_version' in json) || !('outputs' in json))
    return settled(json);
  let offset = jsonBytes ?? body.byteLength;
  const outputs = (json.outputs as Output[]).map(({ name, datatype, shape, data, parameters }) => {
    const size = parameters?.binary_data_size;
    if (size === undefined) return { name, datatype, shape, values: rounded(datatype, data ?? []) };
    const values = valuesOf(datatype, body.subarray(offset, offset + size));
    offset += size;
    return { name, datatype, shape, isBinary: true, values };
  });
  return { ...json, outputs, bytesLeft: body.byteLength - offset };
}

function valuesOf(datatype: string, data: Buffer): unknown {
  if (!isDatatype(datatype) || datatype === 'BYTES' || datatype === 'FP16' || datatype === 'BF16')
    return data.toString('hex');
  return rounded(datatype, decodeElements(datatype, data));
}

/** Floating point to the fourth decimal, which is what two builds of a runtime on two processors agree on. */
function rounded(datatype: string, values: readonly unknown[]): unknown[] {
  return values.map((value) => {
    if (typeof value === 'bigint') return Number(value);
    const isWord = value === 'NaN' || value === 'Infinity' || value === '-Infinity';
    if (typeof value !== 'number' && !isWord) return value;
    const number = Number(value);
    if (isWord || Number.isNaN(number) || !Number.isFinite(number)) return String(number);
    return datatype.startsWith('FP') ? Math.round(number * 1e4) / 1e4 + 0 : number;
  });
}

/** What differs between any two servers, or any two moments, put out of the way. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => {
    if (['ns', 'count', 'last_inference', 'inference_count', 'execution_count'].includes(key))
      return [key, typeof each];
    // How often which batch was made is for the clock to say.
    if (key === 'batch_stats') return [key, 'a list'];
    if (key === 'extensions' || (key === 'version' && 'extensions' in value)) return [key, typeof each];
    if (key === 'name' && 'extensions' in value) return [key, 'the server'];
    // The python-based backend names its file there.
    if (key === 'runtime') return [key, ''];
    // An unload answers before all of it is gone.
    if (key === 'state') return [key, each === 'UNLOADING' ? 'UNAVAILABLE' : each];
    if (key === 'error') return [key, sameWords(String(each))];
    return [key, settled(each)];
  });
  return Object.fromEntries(entries.filter(([key]) => key !== 'reason'));
}

/** What the JSON parser and the runtime say in words of their own is left out. */
function sameWords(error: string): string {
  return error.replace(/(?<=^(failed to parse the request JSON buffer|onnx runtime error): ).*/s, '...');
}

/** What a message may as well leave out; of an enum, its first name. */
const zeros = new Set<unknown>([
  '',
  0,
  '0',
  false,
  null,
  'number',
  'string',
  'FORMAT_NONE',
  'PRIORITY_DEFAULT',
  'REJECT',
]);

function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = entries
    .map(([key, each]): [string, unknown] => [key, withoutZeros(each)])
    .filter(([, each]) => !zeros.has(each));
  return Object.fromEntries(kept);
}
