import { encodeElements } from '../../kserve/tensors.ts';
import type { Core, InferRequest, InferResponse, ModelStatistics } from './core.ts';
import { CoreError } from './failures.ts';

/** A core without onnxruntime, for tests of the protocols: one model, `echo`, that answers its inputs or what `infer` says. */
export function scriptedCore(script: Partial<Core> = {}): Core & { readonly seen: InferRequest[] } {
  const seen: InferRequest[] = [];
  const known = (name: string, version?: string): void => {
    if (name === 'echo' && (version === undefined || version === '' || version === '1')) return;
    throw new CoreError('NOT_FOUND', `Request for unknown model: '${name}' is not found`);
  };
  return {
    seen,
    id: 'scripted',
    version: '1.2.3',
    extensions: ['binary_tensor_data', 'statistics'],
    live: () => true,
    ready: () => true,
    modelReady: (name, version) => name === 'echo' && (version === undefined || version === '1'),
    modelMetadata: (name, version) => {
      known(name, version);
      const tensor = { datatype: 'FP32', shape: [-1, 4] };
      return {
        name,
        versions: ['1'],
        platform: 'onnxruntime_onnx',
        inputs: [{ name: 'x', ...tensor }],
        outputs: [{ name: 'y', ...tensor }],
      };
    },
    modelConfig: (name, version) => {
      known(name, version);
      return { name, max_batch_size: 8 };
    },
    statistics: (name) => (name === undefined || name === 'echo' ? [statistics] : []),
    index: () => [{ name: 'echo', version: '1', state: 'READY' }],
    load: async (name) => known(name),
    unload: async () => undefined,
    async infer(request): Promise<InferResponse> {
      seen.push(request);
      known(request.modelName, request.modelVersion);
      return { modelName: request.modelName, modelVersion: '1', id: request.id, outputs: request.inputs };
    },
    async [Symbol.asyncDispose]() {},
    ...script,
  };
}

/** Four numbers as one row. */
export const rowOfFour = {
  name: 'x',
  datatype: 'FP32',
  shape: [1, 4],
  data: encodeElements('FP32', [1, 2, 3, 4]),
} as const;

const none = { count: 0, ns: 0 };
const statistics: ModelStatistics = {
  name: 'echo',
  version: '1',
  last_inference: 1_795_409_295_798,
  inference_count: 5,
  execution_count: 3,
  inference_stats: {
    success: { count: 4, ns: 4_000_000 },
    fail: { count: 1, ns: 500 },
    queue: { count: 4, ns: 1_000_999 },
    compute_input: { count: 4, ns: 10_000 },
    compute_infer: { count: 4, ns: 2_000_000 },
    compute_output: { count: 4, ns: 20_000 },
    cache_hit: none,
    cache_miss: none,
  },
  response_stats: {},
  batch_stats: [
    { batch_size: 1, compute_input: none, compute_infer: { count: 2, ns: 7 }, compute_output: none },
    { batch_size: 3, compute_input: none, compute_infer: { count: 1, ns: 9 }, compute_output: none },
  ],
  memory_usage: [],
};
