import type { ModelMetadata } from '../../kserve/client.ts';
import type { PlainConfig } from '../../modelconfig/plain.ts';
import { batchingPolicyOf } from './batching-policy.ts';
import { classify } from './classification.ts';
import { nowNs } from './clock.ts';
import type { InferRequest, InferResponse, ModelStatistics } from './core.ts';
import { CoreError } from './failures.ts';
import { InstanceGroup } from './instance-group.ts';
import type { InstancePool } from './instance-pool.ts';
import type { SessionOptions } from './onnx-session.ts';
import { type CheckedRequest, checkRequest } from './request-check.ts';
import { type Job, Scheduler } from './scheduler.ts';
import { StatisticsRecorder } from './statistics.ts';
import { planTensors, type TensorPlan } from './tensor-plan.ts';

export type VersionOptions = {
  /** Complete and filled in. */
  readonly config: PlainConfig;
  readonly version: string;
  readonly path: string;
  readonly sessionOptions: SessionOptions;
  /** The labels of outputs that have a label file, by output. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  readonly pool: InstancePool;
  /** Ends an opening that is under way. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
};

/** One version of a model with its instances running. */
export class ModelVersion {
  readonly version: string;
  readonly config: PlainConfig;
  readonly #plan: TensorPlan;
  readonly #scheduler: Scheduler;
  readonly #instances: InstanceGroup;
  readonly #recorder = new StatisticsRecorder();
  readonly #labels: VersionOptions['labels'];

  /** Opens the model in every instance. @throws CoreError (INTERNAL) where one cannot. */
  static async open(options: VersionOptions): Promise<ModelVersion> {
    const version = new ModelVersion(options);
    try {
      await version.#instances.open();
      return version;
    } catch (error) {
      await version.close();
      throw error;
    }
  }

  private constructor(options: VersionOptions) {
    const { config, version, labels } = options;
    this.version = version;
    this.config = config;
    this.#labels = labels;
    this.#plan = planTensors(config);
    const instanceCount = (config.instance_group ?? []).reduce((sum, { count = 1 }) => sum + count, 0);
    this.#scheduler = new Scheduler({
      plan: this.#plan,
      policy: batchingPolicyOf(config),
      instanceCount,
      preserveOrdering: config.dynamic_batching?.preserve_ordering === true,
      recorder: this.#recorder,
    });
    this.#instances = new InstanceGroup({ ...options, instanceCount, scheduler: this.#scheduler });
  }

  async infer(request: InferRequest): Promise<InferResponse> {
    const receivedNs = nowNs();
    const checked = checkRequest(request, this.#plan);
    const outputs = await new Promise<InferResponse['outputs']>((resolve, reject) => {
      this.#scheduler.submit(jobOf(request, checked, { receivedNs, resolve, reject }));
    });
    const answered = request.outputs.some(({ classification = 0 }) => classification > 0)
      ? classify(outputs, request.outputs, { batches: this.#plan.maxBatchSize > 0, labels: this.#labels })
      : outputs;
    return { modelName: this.#plan.model, modelVersion: this.version, id: request.id, outputs: answered };
  }

  statistics(): ModelStatistics {
    return this.#recorder.read(this.#plan.model, this.version);
  }

  /** What a client sees of the tensors. */
  tensors(): Pick<ModelMetadata, 'inputs' | 'outputs'> {
    const batch = this.#plan.maxBatchSize > 0 ? [-1] : [];
    const describe = ({ name, datatype, dims }: { name: string; datatype: string; dims: readonly number[] }) => {
      return { name, datatype, shape: [...batch, ...dims] };
    };
    return { inputs: [...this.#plan.inputs.values()].map(describe), outputs: this.#plan.outputs.map(describe) };
  }

  /** Waits for the requests under way, then ends the instances. */
  async drain(): Promise<void> {
    await this.#scheduler.drained();
    await this.close();
  }

  /** Ends the instances at once; what was under way fails. */
  async close(): Promise<void> {
    this.#scheduler.abandon(new CoreError('UNAVAILABLE', `model '${this.#plan.model}' is being unloaded`));
    await this.#instances.close();
  }
}

function jobOf(
  request: InferRequest,
  checked: CheckedRequest,
  rest: Pick<Job, 'receivedNs' | 'resolve' | 'reject'>,
): Job {
  const { priority, timeout } = request.parameters;
  return {
    checked,
    id: request.id,
    rows: Math.max(1, checked.batchSize),
    shapeKey: checked.shapeKey,
    priority: typeof priority === 'number' ? priority : 0,
    timeoutUs: typeof timeout === 'number' ? timeout : 0,
    ...rest,
  };
}
