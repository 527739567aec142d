import { encodeElements, type Tensor } from '../../kserve/tensors.ts';
import { StagedRepository } from '../staged-repository.ts';
import { type Core, type CoreOptions, type InferRequest, startCore } from './core.ts';

/** A core over a repository of its own that a test may change; both go when disposed of. */
export class CoreFixture implements AsyncDisposable {
  readonly repository: StagedRepository;
  readonly core: Core;
  readonly log: string[];

  static async start(options: Partial<CoreOptions> = {}, prepare = (_: StagedRepository) => {}): Promise<CoreFixture> {
    const repository = new StagedRepository();
    prepare(repository);
    const log: string[] = [];
    try {
      const core = await startCore({
        repository: repository.path,
        id: 'test',
        modelControl: 'explicit',
        autoCompleteConfig: true,
        loadModels: [],
        log: (line) => log.push(line),
        ...options,
      });
      return new CoreFixture(repository, core, log);
    } catch (error) {
      repository[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(repository: StagedRepository, core: Core, log: string[]) {
    this.repository = repository;
    this.core = core;
    this.log = log;
  }

  /** Puts a model of these bytes into the repository and loads it. */
  async load(name: string, onnx: Uint8Array, config = ''): Promise<void> {
    this.repository.write(`${name}/1/model.onnx`, onnx);
    this.repository.write(`${name}/config.pbtxt`, config);
    await this.core.load(name, {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.core[Symbol.asyncDispose]();
    this.repository[Symbol.dispose]();
  }
}

/** A request for all outputs of a model. */
export function requestOf(
  modelName: string,
  inputs: readonly Tensor[],
  rest: Partial<InferRequest> = {},
): InferRequest {
  return { modelName, modelVersion: '', id: '', parameters: {}, outputs: [], inputs, ...rest };
}

export function floats(name: string, shape: readonly number[], values: readonly number[]): Tensor {
  return { name, datatype: 'FP32', shape, data: encodeElements('FP32', values) };
}
