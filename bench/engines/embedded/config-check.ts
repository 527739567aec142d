import type { PlainConfig, PlainMessage, PlainTensor } from '../../modelconfig/plain.ts';

/**
 * What Triton finds wrong with a config before it looks at the model file, in its words; undefined where it finds
 * nothing. `directory` is the model's folder.
 */
export function whatIsWrong(config: PlainConfig, directory: string): string | undefined {
  const { name = '', platform = '', backend = '', max_batch_size: most = 0 } = config;
  const model = name === '' ? directory : name;
  if (model !== directory) {
    return `unexpected directory name '${directory}' for model '${model}', directory name must equal model name`;
  }
  if (platform === 'onnxruntime_onnx' && backend !== '' && backend !== 'onnxruntime') {
    return `unexpected 'platform' and 'backend' pair, got:${platform}, ${backend}`;
  }
  if (most < 0) return `'max_batch_size' must be non-negative value for ${model}`;
  return batchingFault(config, model) ?? tensorsFault(config, model);
}

/** What this server does not do though Triton does; undefined where the config asks for nothing of it. */
export function whatIsUnsupported(config: PlainConfig): string | undefined {
  const { platform = '', backend = '' } = config;
  if (config.ensemble_scheduling !== undefined || platform === 'ensemble') return 'ensembles';
  if (config.sequence_batching !== undefined) return 'sequence batching';
  if ((config.model_transaction_policy as PlainMessage | undefined)?.decoupled === true) return 'decoupled models';
  if (list(config.batch_input).length > 0) return 'batch_input';
  if (list(config.batch_output).length > 0) return 'batch_output';
  if ((config.input ?? []).some(({ is_shape_tensor: isShape }) => isShape === true)) return 'shape tensors';
  if ((config.input ?? []).some(({ allow_ragged_batch: isRagged }) => isRagged === true)) return 'ragged batches';
  if (list((config.model_repository_agents as PlainMessage | undefined)?.agents).length > 0) return 'repository agents';
  if (backend !== '' && backend !== 'onnxruntime') return `the backend '${backend}'`;
  if (backend === '' && platform !== '' && platform !== 'onnxruntime_onnx') return `the platform '${platform}'`;
  return undefined;
}

/** What of a config is served back as it is and does nothing here, as a line for the log each. */
export function whatIsIgnored(config: PlainConfig): string[] {
  const { response_cache: cache, instance_group: groups = [], optimization = {}, runtime } = config;
  const { cuda, execution_accelerators: accelerators, eager_batching: eager } = optimization as PlainMessage;
  const parts: [string, boolean][] = [
    ['model_warmup', list(config.model_warmup).length > 0],
    ['response_cache', (cache as PlainMessage | undefined)?.enable === true],
    ['instance_group.rate_limiter', groups.some(({ rate_limiter: limiter }) => limiter !== undefined)],
    ['instance_group.host_policy', groups.some(({ host_policy: policy }) => policy !== undefined && policy !== '')],
    ['optimization.cuda', cuda !== undefined],
    ['optimization.execution_accelerators', accelerators !== undefined],
    ['optimization.eager_batching', eager === true],
    ['runtime', runtime !== undefined && runtime !== ''],
  ];
  return parts.filter(([, isThere]) => isThere).map(([name]) => `${name} is accepted and does nothing in this server`);
}

function batchingFault(config: PlainConfig, model: string): string | undefined {
  const { dynamic_batching: batching, max_batch_size: most = 0 } = config;
  if (batching === undefined) return undefined;
  for (const size of list(batching.preferred_batch_size).map(Number)) {
    if (size <= 0) return `dynamic batching preferred size must be positive for ${model}`;
    if (size > most) return `dynamic batching preferred size must be <= max batch size for ${model}`;
  }
  const levels = Number(batching.priority_levels ?? 0);
  const level = Number(batching.default_priority_level ?? 0);
  if (levels > 0) {
    if (level < 1 || level > levels) return `default priority level must be in range [1, ${levels}] for ${model}`;
    for (const key of Object.keys((batching.priority_queue_policy ?? {}) as PlainMessage)) {
      if (Number(key) < 1 || Number(key) > levels) {
        return `priority queue policy must have priority level in range [1, ${levels}] for ${model}`;
      }
    }
  }
  return undefined;
}

function tensorsFault(config: PlainConfig, model: string): string | undefined {
  for (const input of config.input ?? []) {
    const fault = tensorFault(input, 'input', config, model);
    if (fault !== undefined) return fault;
  }
  for (const output of config.output ?? []) {
    const fault = tensorFault(output, 'output', config, model);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function tensorFault(
  tensor: PlainTensor,
  side: 'input' | 'output',
  { max_batch_size: most = 0 }: PlainConfig,
  model: string,
): string | undefined {
  const { name = '', data_type: type = 'TYPE_INVALID', dims = [], reshape } = tensor;
  if (name === '') return `model ${side} must specify 'name' for ${model}`;
  if (type === 'TYPE_INVALID') return `model ${side} '${name}' must specify 'data_type' for ${model}`;
  if (dims.length === 0) return `model ${side} '${name}' must specify 'dims' for ${model}`;
  const shape = reshape === undefined ? undefined : list((reshape as PlainMessage).shape);
  for (const dimension of [...dims, ...(shape ?? [])].map(Number)) {
    if (dimension < 1 && dimension !== -1) {
      return `model ${side} '${name}' dimension must be integer >= 1, or -1 to indicate a variable-size dimension for ${model}`;
    }
  }
  if (shape === undefined) return undefined;
  if (shape.length === 0 && most === 0) {
    return `model ${side} '${name}' cannot have empty reshape for non-batching model as scalar tensors are not supported for ${model}`;
  }
  const sameVariables = variableCount(dims) === variableCount(shape);
  if (fixedCount(dims) !== fixedCount(shape) || !sameVariables) {
    return `model ${side} '${name}' has different size for dims and reshape for ${model}`;
  }
  return undefined;
}

function fixedCount(dims: readonly unknown[]): number {
  return dims.map(Number).reduce((product, dimension) => (dimension === -1 ? product : product * dimension), 1);
}

function variableCount(dims: readonly unknown[]): number {
  return dims.filter((dimension) => Number(dimension) === -1).length;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
