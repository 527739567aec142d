import type { ModelMetadata, ServedConfig } from '../../kserve/client.ts';
import { version } from '../../version.ts';
import type { Catalogue } from './catalogue.ts';
import type { Core, CoreOptions, IndexEntry, InferRequest, InferResponse, ModelStatistics } from './core.ts';
import { CoreError } from './failures.ts';
import { toServedConfig } from './served-config.ts';

const extensions = [
  'classification',
  'model_repository',
  'model_repository(unload_dependents)',
  'schedule_policy',
  'model_configuration',
  'binary_tensor_data',
  'parameters',
  'statistics',
];

const pollIntervalMs = 15_000;

/** The calls of a core over the models of a catalogue. */
export class EmbeddedCore implements Core {
  readonly id: string;
  readonly version = version;
  readonly extensions = extensions;
  readonly #options: CoreOptions;
  readonly #catalogue: Catalogue;
  #poll: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: CoreOptions, catalogue: Catalogue) {
    this.id = options.id;
    this.#options = options;
    this.#catalogue = catalogue;
  }

  /** Looks at the repository from time to time where the models are controlled by it. */
  watch(): void {
    if (this.#options.modelControl !== 'poll') return;
    this.#poll = setInterval(() => void this.#catalogue.poll(), pollIntervalMs).unref();
  }

  live(): boolean {
    return !this.#isClosed;
  }

  ready(): boolean {
    return !this.#isClosed;
  }

  modelReady(name: string, version = ''): boolean {
    try {
      return this.#catalogue.version(name, version) !== undefined;
    } catch (error) {
      if (error instanceof CoreError) return false;
      throw error;
    }
  }

  modelMetadata(name: string, version = ''): ModelMetadata {
    const served = this.#catalogue.version(name, version);
    const versions = this.#catalogue.versions(name).map((each) => each.version);
    return { name, versions, platform: 'onnxruntime_onnx', ...served.tensors() };
  }

  modelConfig(name: string, version = ''): ServedConfig {
    return toServedConfig(this.#catalogue.version(name, version).config);
  }

  statistics(name = '', version = ''): ModelStatistics[] {
    if (name === '')
      return this.#catalogue.serving().flatMap(([, versions]) => versions.map((each) => each.statistics()));
    const [, versions = []] = this.#catalogue.serving().find(([model]) => model === name) ?? [];
    if (versions.length === 0) throw new CoreError('INVALID_ARG', `requested model '${name}' is not available`);
    const asked = versions.filter((each) => version === '' || each.version === version);
    if (asked.length > 0) return asked.map((each) => each.statistics());
    throw new CoreError('INVALID_ARG', `requested model version is not available for model '${name}'`);
  }

  index(readyOnly: boolean): IndexEntry[] {
    return this.#catalogue.index(readyOnly);
  }

  async load(name: string, { config }: { readonly config?: string }): Promise<void> {
    this.#refuseControl('load');
    await this.#catalogue.load(name, config);
  }

  async unload(name: string): Promise<void> {
    this.#refuseControl('unload');
    await this.#catalogue.unload(name);
  }

  infer(request: InferRequest): Promise<InferResponse> {
    try {
      return this.#catalogue.version(request.modelName, request.modelVersion).infer(request);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#poll);
    await this.#catalogue.close();
  }

  #refuseControl(verb: string): void {
    if (this.#options.modelControl === 'explicit') return;
    const what = `explicit model ${verb} / ${verb === 'load' ? 'unload' : 'load'}`;
    throw new CoreError('UNAVAILABLE', `${what} is not allowed if polling is enabled`);
  }
}
