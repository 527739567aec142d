import { Failure } from '../failure.ts';
import { checkParameter } from './parameters.ts';
import type { PlainConfig } from './plain.ts';

/**
 * Refuses what the schema allows but no server does right: Triton accepts a count of 0 or -1 and then serves something else,
 * and takes any key under `parameters`, read or not.
 * @throws Failure (usage) for the first such value.
 */
export function checkConfig(config: PlainConfig, file: string): void {
  for (const [index, { count }] of (config.instance_group ?? []).entries()) {
    if (count !== undefined && count < 1) {
      throw refused(
        `${file}: instance_group[${index}].count is ${count}`,
        'a group has at least one instance: write 1 or more',
      );
    }
  }
  const most = config.max_batch_size ?? 0;
  if (most < 0) throw refused(`${file}: max_batch_size is ${most}`, 'write 0 for a model that takes no batches');
  const preferred = config.dynamic_batching?.preferred_batch_size;
  const tooLarge = Array.isArray(preferred)
    ? preferred.find((size) => Number(size) > most || Number(size) < 1)
    : undefined;
  if (tooLarge !== undefined) {
    throw refused(
      `${file}: dynamic_batching.preferred_batch_size ${String(tooLarge)} is not between 1 and max_batch_size ${most}`,
      'Triton refuses such a model',
    );
  }
  checkParameters(config, file);
}

function checkParameters(config: PlainConfig, file: string): void {
  const backend = backendOf(config);
  for (const key of Object.keys(config.parameters ?? {})) {
    const meant = checkParameter(backend, key);
    if (meant !== undefined) {
      throw refused(
        `${file}: the ${backend} backend reads no parameter ${JSON.stringify(key)}`,
        `did you mean ${meant}? An unknown key would be accepted and do nothing`,
      );
    }
  }
}

/** The backend that serves a config, by name or by the older `platform`. */
export function backendOf({ backend = '', platform = '' }: PlainConfig): string {
  if (backend !== '') return backend;
  return platforms.get(platform) ?? '';
}

const platforms: ReadonlyMap<string, string> = new Map([
  ['onnxruntime_onnx', 'onnxruntime'],
  ['tensorrt_plan', 'tensorrt'],
  ['pytorch_libtorch', 'pytorch'],
  ['tensorflow_graphdef', 'tensorflow'],
  ['tensorflow_savedmodel', 'tensorflow'],
]);

function refused(message: string, hint: string): Failure {
  return new Failure('usage', 'config', message, { hint });
}
