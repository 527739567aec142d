import { distanceBetween, nearest } from './nearest.ts';

type Known = {
  /** Keys of `parameters` that the backend's documentation or source names. */
  readonly keys: readonly string[];
  /** Whether a model may read keys of its own beside them. */
  readonly open: boolean;
};

/** From the README files and sources of the backends' repositories, releases 24.06 to 26.07. */
const backends: ReadonlyMap<string, Known> = new Map([
  [
    'onnxruntime',
    {
      open: false,
      keys: [
        'intra_op_thread_count',
        'inter_op_thread_count',
        'execution_mode',
        'enable_mem_arena',
        'enable_mem_pattern',
        'memory.enable_memory_arena_shrinkage',
        'session.use_device_allocator_for_initializers',
        'cudnn_conv_algo_search',
        'gpu_mem_limit',
        'arena_extend_strategy',
        'do_copy_in_default_stream',
      ],
    },
  ],
  ['python', { open: true, keys: ['EXECUTION_ENV_PATH', 'FORCE_CPU_ONLY_INPUT_TENSORS'] }],
  [
    'openvino',
    {
      open: false,
      keys: [
        'PERFORMANCE_HINT',
        'CPU_EXTENSION_PATH',
        'INFERENCE_NUM_THREADS',
        'COMPILATION_NUM_THREADS',
        'HINT_BF16',
        'NUM_STREAMS',
        'SKIP_OV_DYNAMIC_BATCHSIZE',
        'ENABLE_BATCH_PADDING',
        'RESHAPE_IO_LAYERS',
        'TARGET_DEVICE',
      ],
    },
  ],
  [
    'pytorch',
    {
      open: false,
      keys: [
        'DISABLE_OPTIMIZED_EXECUTION',
        'INFERENCE_MODE',
        'DISABLE_CUDNN',
        'ENABLE_WEIGHT_SHARING',
        'ENABLE_CACHE_CLEANING',
        'INTER_OP_THREAD_COUNT',
        'INTRA_OP_THREAD_COUNT',
        'ENABLE_TENSOR_FUSER',
        'ENABLE_JIT_PROFILING',
        'ENABLE_JIT_EXECUTOR',
        'NUM_THREADS',
        'NUM_INTEROP_THREADS',
        'TORCH_COMPILE_OPTIONAL_PARAMETERS',
      ],
    },
  ],
  [
    'tensorrt',
    {
      open: false,
      keys: [
        'execution_context_allocation_strategy',
        'enable_multi_device',
        'multi_device_gpus',
        'multi_device_per_rank_engines',
      ],
    },
  ],
]);

/** What is set elsewhere than in `parameters`, for those who look for it there. */
const elsewhere: ReadonlyMap<string, string> = new Map([['onnxruntime level', 'optimization.graph.level']]);

const typoDistance = 2;

/** The keys of `parameters` that a backend is known to read; undefined for a backend not known here. */
export function knownParameters(backend: string): readonly string[] | undefined {
  return backends.get(backend)?.keys;
}

/**
 * Undefined where the backend reads this key of `parameters` or is not known here; else the key that was probably meant
 * (for `level` of onnxruntime, the field that holds it). A model of the python backend may read keys of its own, so
 * there only a key within two letters of a known one counts as misspelt.
 */
export function checkParameter(backend: string, key: string): string | undefined {
  const known = backends.get(backend);
  if (known === undefined || known.keys.includes(key)) return undefined;
  const moved = elsewhere.get(`${backend} ${key}`);
  if (moved !== undefined) return moved;
  const closest = known.keys.toSorted((a, b) => distanceTo(key, a) - distanceTo(key, b))[0];
  if (known.open) return closest !== undefined && distanceTo(key, closest) <= typoDistance ? closest : undefined;
  return nearest(key, known.keys) ?? closest;
}

function distanceTo(key: string, known: string): number {
  return distanceBetween(key.slice(0, 100), known);
}
