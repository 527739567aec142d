import { tinyModels } from '../local/tiny-models.ts';
import { StagedRepository } from '../staged-repository.ts';

/** The models that the requests name, all with complete configurations. */
export class ConformanceRepository extends StagedRepository {
  static readonly models = ['sklearn-onnx', 'text', 'gather', 'total', 'difference', 'identity'];

  constructor() {
    super();
    this.#tiny('text', [['x', 'STRING']], [['y', 'STRING']], 4);
    this.#tiny('gather', [['index', 'INT64']], [['value', 'FP32']], 8);
    this.#tiny('identity', [['x', 'FP32']], [['y', 'FP32']], 1);
    this.#model(
      'difference',
      4,
      tensors('input', [
        ['a', 'FP32', 2],
        ['b', 'FP32', 2],
      ]) + tensors('output', [['difference', 'FP32', 2]]),
    );
    this.#model('total', 0, tensors('input', [['x', 'FP32', -1]]) + tensors('output', [['y', 'FP32', 1]]));
  }

  #tiny(name: string, inputs: [string, string][], outputs: [string, string][], maxBatchSize: number): void {
    const one = ([tensor, type]: [string, string]): [string, string, number] => [tensor, type, 1];
    this.#model(name, maxBatchSize, tensors('input', inputs.map(one)) + tensors('output', outputs.map(one)));
  }

  #model(name: string, maxBatchSize: number, tensorText: string): void {
    const file = tinyModels[name as keyof typeof tinyModels];
    const batching = maxBatchSize > 0 ? 'dynamic_batching { }\n' : '';
    this.write(`${name}/1/model.onnx`, file);
    this.write(
      `${name}/config.pbtxt`,
      `name: "${name}"\nbackend: "onnxruntime"\nplatform: "onnxruntime_onnx"\ndefault_model_filename: "model.onnx"\nmax_batch_size: ${maxBatchSize}\n${tensorText}instance_group [ { kind: KIND_CPU count: 1 } ]\n${batching}`,
    );
  }
}

function tensors(side: string, list: [string, string, number][]): string {
  const items = list.map(([name, type, dim]) => `{ name: "${name}" data_type: TYPE_${type} dims: [ ${dim} ] }`);
  return `${side} [ ${items.join(', ')} ]\n`;
}
