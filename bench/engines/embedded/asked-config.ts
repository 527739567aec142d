import { Failure } from '../../failure.ts';
import { parseConfig, toPlain } from '../../modelconfig/config.ts';
import type { PlainConfig } from '../../modelconfig/plain.ts';
import { needsCompletion } from './autocomplete.ts';
import { whatIsUnsupported, whatIsWrong } from './config-check.ts';
import { readOverride } from './config-override.ts';
import { CoreError } from './failures.ts';
import type { Repository } from './repository.ts';
import { fileNameOf } from './served-config.ts';

export type AskOptions = {
  /** JSON that stands in for the file. */
  readonly override: string | undefined;
  readonly autoComplete: boolean;
};

/**
 * The config that a load asks for, from the file, an override or neither; not yet completed or filled in. Thrown errors tell
 * why a model cannot be polled (INTERNAL) or what in it this server does not do (UNSUPPORTED).
 */
export function readAskedConfig(repository: Repository, model: string, options: AskOptions): PlainConfig {
  const config = options.override === undefined ? fromFile(repository, model, options) : readOverride(options.override);
  const wrong = whatIsWrong(config, model) ?? backendFault(config, repository, model);
  if (wrong !== undefined) throw new CoreError('INTERNAL', wrong);
  const unsupported = whatIsUnsupported(config);
  if (unsupported !== undefined) {
    throw new CoreError(
      'UNSUPPORTED',
      `the embedded server does not do ${unsupported}, which model '${model}' asks for`,
    );
  }
  return config;
}

function fromFile(repository: Repository, model: string, { autoComplete }: AskOptions): PlainConfig {
  const text = repository.configText(model);
  const path = repository.configPath(model);
  if (text === undefined) {
    if (autoComplete) return {};
    throw new CoreError('INTERNAL', `failed to open text file for read ${path}: No such file or directory`);
  }
  try {
    return toPlain(parseConfig(text, path));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new CoreError('INTERNAL', `failed to read text proto from ${path}: ${error.message}`, { cause: error });
  }
}

function backendFault({ backend = '', platform = '', ...rest }: PlainConfig, repository: Repository, model: string) {
  if (backend !== '' || platform !== '' || !needsCompletion(rest)) return undefined;
  const fileName = fileNameOf(rest);
  const isThere = repository
    .versions(model, () => {})
    .some((version) => repository.hasFile(repository.modelFile(model, version, fileName)));
  if (isThere) return undefined;
  return (
    `Invalid model name: Could not determine backend for model '${model}' with no backend in model configuration. ` +
    "Expected model name of the form 'model.<backend_name>'."
  );
}
