import type { PlainConfig, PlainMessage } from '../../modelconfig/plain.ts';
import { CoreError } from './failures.ts';
import type { SessionOptions } from './onnx-session.ts';

/**
 * The session options that a config asks for, by the names and defaults of Triton's onnxruntime backend.
 * @throws CoreError (INTERNAL) where a value is not one.
 */
export function sessionOptionsOf(config: PlainConfig): SessionOptions {
  const mode = wholeNumber(config, 'execution_mode');
  if (mode !== 0 && mode !== 1) {
    throw refused(
      `Invalid configuration value provided. Expected values for execution_mode are 0 or 1 but got ${mode}.`,
    );
  }
  const optimization = config.optimization as PlainMessage | undefined;
  refuseAccelerators(optimization);
  const level = Number((optimization?.graph as PlainMessage | undefined)?.level ?? 0);
  return {
    intraOpNumThreads: Math.max(0, wholeNumber(config, 'intra_op_thread_count')),
    interOpNumThreads: Math.max(0, wholeNumber(config, 'inter_op_thread_count')),
    executionMode: mode === 1 ? 'parallel' : 'sequential',
    graphOptimizationLevel: graphLevels.get(level) ?? 'all',
    enableCpuMemArena: truth(config, 'enable_mem_arena'),
    enableMemPattern: truth(config, 'enable_mem_pattern'),
  };
}

/** What a session runs with, in the words by which its effect can be seen in the log. */
export function describeOptions(options: SessionOptions): string {
  return [
    `intra_op_thread_count=${options.intraOpNumThreads}`,
    `inter_op_thread_count=${options.interOpNumThreads}`,
    `execution_mode=${options.executionMode === 'parallel' ? 1 : 0}`,
    `enable_mem_arena=${Number(options.enableCpuMemArena)}`,
    `enable_mem_pattern=${Number(options.enableMemPattern)}`,
  ].join(' ');
}

const graphLevels: ReadonlyMap<number, SessionOptions['graphOptimizationLevel']> = new Map([
  [-1, 'basic'],
  [0, 'all'],
  [1, 'extended'],
  [2, 'disabled'],
]);

function refuseAccelerators(optimization: PlainMessage | undefined): void {
  const accelerators = (optimization?.execution_accelerators as PlainMessage | undefined)?.cpu_execution_accelerator;
  if (!Array.isArray(accelerators) || accelerators.length === 0) return;
  throw refused(`unknown Execution Accelerator '${String(accelerators[0]?.name ?? '')}' is requested`);
}

function text({ parameters = {} }: PlainConfig, key: string): string | undefined {
  return Object.hasOwn(parameters, key) ? (parameters[key]?.string_value ?? '') : undefined;
}

function wholeNumber(config: PlainConfig, key: string): number {
  const value = text(config, key);
  if (value === undefined) return 0;
  if (/^\s*[+-]?\d{1,9}\s*$/.test(value)) return Number(value);
  throw refused(`failed to convert '${value}' to int: parameter ${key}`);
}

function truth(config: PlainConfig, key: string): boolean {
  const value = text(config, key);
  const word = value === undefined ? '1' : value.toLowerCase();
  if (['1', 'true', 'yes', 'on'].includes(word)) return true;
  if (['0', 'false', 'no', 'off'].includes(word)) return false;
  throw refused(`failed to convert '${value}' to boolean: parameter ${key}`);
}

function refused(message: string): CoreError {
  return new CoreError('INTERNAL', message);
}
