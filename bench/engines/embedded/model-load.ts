import type { PlainConfig } from '../../modelconfig/plain.ts';
import { readAskedConfig } from './asked-config.ts';
import { complete, needsCompletion } from './autocomplete.ts';
import { whatIsIgnored } from './config-check.ts';
import { CoreError } from './failures.ts';
import type { InstancePool } from './instance-pool.ts';
import { ModelVersion } from './model-version.ts';
import { chooseVersions, type Repository } from './repository.ts';
import { fileNameOf, fillIn } from './served-config.ts';
import { describeOptions, sessionOptionsOf } from './session-options.ts';

export type LoadOptions = {
  readonly repository: Repository;
  readonly model: string;
  readonly override: string | undefined;
  readonly autoComplete: boolean;
  readonly pool: InstancePool;
  /** Ends a load that is under way. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
};

/** Versions that could not be opened, with the reason of each, as the index shows them. */
export class VersionsFailed extends CoreError {
  readonly reasons: ReadonlyMap<string, string>;
  constructor(model: string, reasons: ReadonlyMap<string, string>) {
    const each = [...reasons].map(([version, reason]) => `version ${version} is at UNAVAILABLE state: ${reason};\n`);
    super('INVALID_ARG', `load failed for model '${model}': ${each.join('')}`);
    this.reasons = reasons;
  }
}

/** Opens the versions of a model that its policy serves: all of them, or none. @throws CoreError, in Triton's words; the log says why. */
export async function loadVersions(options: LoadOptions): Promise<ModelVersion[]> {
  const { repository, model, log } = options;
  if (!repository.has(model)) {
    log(`failed to poll model '${model}': model not found in any model repository.`);
    throw pollFailed(model);
  }
  const asked = pollConfig(options);
  for (const line of whatIsIgnored(asked)) log(`${model}: ${line}`);
  const available = repository.versions(model, log);
  const chosen = chooseVersions(asked, available, (version) => {
    log(`version ${version} is specified for model '${model}', but the version directory is not present`);
  });
  if (chosen.length === 0) {
    const why = `at least one version must be available under the version policy of model '${model}'`;
    log(`failed to load model '${model}': ${why}`);
    throw new CoreError('INVALID_ARG', `load failed for model '${model}': ${why}\n`);
  }
  return openAll(chosen, asked, options);
}

function pollConfig({ repository, model, override, autoComplete, log }: LoadOptions): PlainConfig {
  try {
    return readAskedConfig(repository, model, { override, autoComplete });
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    log(`Poll failed for model directory '${model}': ${error.message}`);
    throw error.status === 'UNSUPPORTED' ? error : pollFailed(model);
  }
}

async function openAll(chosen: readonly number[], asked: PlainConfig, options: LoadOptions): Promise<ModelVersion[]> {
  const { model, log } = options;
  const opened: ModelVersion[] = [];
  const reasons = new Map<string, string>();
  const outcomes = await Promise.allSettled(chosen.map((version) => openOne(version, asked, options)));
  for (const [index, outcome] of outcomes.entries()) {
    const version = String(chosen[index]);
    if (outcome.status === 'fulfilled') {
      opened.push(outcome.value);
      continue;
    }
    if (!(outcome.reason instanceof CoreError)) throw outcome.reason;
    reasons.set(version, `Internal: ${outcome.reason.message}`);
    log(`failed to load '${model}' version ${version}: Internal: ${outcome.reason.message}`);
  }
  if (reasons.size === 0) {
    log(`successfully loaded '${model}'`);
    return opened;
  }
  await Promise.all(opened.map((version) => version.close()));
  throw new VersionsFailed(model, reasons);
}

async function openOne(version: number, asked: PlainConfig, options: LoadOptions): Promise<ModelVersion> {
  const { repository, model, autoComplete, pool, signal, log } = options;
  log(`loading: ${model}:${version}`);
  const path = repository.modelFile(model, version, fileNameOf(asked));
  if (!repository.hasFile(path)) throw new CoreError('INTERNAL', `unable to find '${path}' for model '${model}'`);
  refuseGpu(asked, model);
  const sessionOptions = sessionOptionsOf(asked);
  const completed = autoComplete && needsCompletion(asked) ? await completeFrom(path, asked, options) : asked;
  const config = fillIn(completed, model);
  const labels = readLabels(config, options);
  const opening = { config, version: String(version), path, sessionOptions, labels, pool, signal, log };
  const opened = await ModelVersion.open(opening);
  log(`${model}: session with ${describeOptions(sessionOptions)}`);
  return opened;
}

async function completeFrom(path: string, asked: PlainConfig, { model, pool }: LoadOptions): Promise<PlainConfig> {
  const probe = pool.take();
  try {
    return complete(asked, await probe.open(path, sessionOptionsOf(asked)), model);
  } finally {
    await pool.giveBack(probe);
  }
}

function readLabels(config: PlainConfig, { repository, model }: LoadOptions): Map<string, string[]> {
  const labelled = (config.output ?? []).filter(({ label_filename: file }) => typeof file === 'string' && file !== '');
  return new Map(
    labelled.map(({ name = '', label_filename: file }) => {
      const lines = repository.readText(model, String(file)).split('\n');
      return [name, lines.at(-1) === '' ? lines.slice(0, -1) : lines];
    }),
  );
}

function refuseGpu({ instance_group: groups = [] }: PlainConfig, model: string): void {
  if (!groups.some(({ kind }) => kind === 'KIND_GPU')) return;
  throw new CoreError(
    'INTERNAL',
    `unable to load model '${model}', the embedded server has no GPU execution provider: use kind: KIND_CPU`,
  );
}

function pollFailed(model: string): CoreError {
  return new CoreError('INTERNAL', `failed to load '${model}', failed to poll from model repository`);
}
