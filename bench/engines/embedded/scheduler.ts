import type { Tensor } from '../../kserve/tensors.ts';
import { Alarm } from './alarm.ts';
import { joinRequests, splitOutputs } from './batch.ts';
import { Batcher, type BatchingPolicy } from './batcher.ts';
import { nowNs } from './clock.ts';
import { CoreError } from './failures.ts';
import type { Instance } from './instance.ts';
import { type CheckedRequest, withRequestId } from './request-check.ts';
import type { ExecutionTimes, StatisticsRecorder } from './statistics.ts';
import type { TensorPlan } from './tensor-plan.ts';

/** One request on its way through a model. */
export type Job = {
  readonly checked: CheckedRequest;
  readonly id: string;
  /** Rows it takes up in a batch, at least 1. */
  readonly rows: number;
  readonly shapeKey: string;
  readonly priority: number;
  readonly timeoutUs: number;
  readonly receivedNs: number;
  resolve(outputs: readonly Tensor[]): void;
  reject(error: CoreError): void;
};

/** What the scheduler needs of an instance. */
export type Runner = Pick<Instance, 'run' | 'isAlive'>;

type Batch = { readonly jobs: Job[]; rows: number; readonly shapeKey: string };

export type SchedulerOptions = {
  readonly plan: TensorPlan;
  /** Undefined for a model without dynamic batching: every request runs by itself, in the order of arrival. */
  readonly policy: BatchingPolicy | undefined;
  readonly instanceCount: number;
  readonly preserveOrdering: boolean;
  readonly recorder: StatisticsRecorder;
};

/** Gives the requests of one version of a model to its instances, as Triton's scheduler does. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #batcher: Batcher<Job> | undefined;
  readonly #alarm = new Alarm(() => this.#form());
  readonly #idle: Runner[] = [];
  /** Batches that wait for an instance; the last may be the open one. */
  #ready: Batch[] = [];
  /** The batch that what comes may still join. */
  #open: Batch | undefined;
  #unanswered = 0;
  #emptied: (() => void)[] = [];
  #order: { settle: (() => void) | undefined }[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#batcher = options.policy === undefined ? undefined : new Batcher(options.policy);
  }

  /** Takes a request; its answer comes by the job's `resolve` or `reject`. */
  submit(job: Job): void {
    const answered = this.#watch(job);
    if (this.#batcher === undefined) {
      this.#ready.push({ jobs: [answered], rows: job.rows, shapeKey: job.shapeKey });
      this.#dispatch();
    } else if (this.#batcher.add(answered, job, job.receivedNs)) {
      this.#form();
    } else {
      answered.reject(new CoreError('UNAVAILABLE', withRequestId(job.id, 'Exceeds maximum queue size')));
    }
  }

  /** An instance is free to run. */
  offer(instance: Runner): void {
    this.#idle.push(instance);
    this.#dispatch();
    if (this.#batcher !== undefined) this.#form();
  }

  /** An instance is no longer there. */
  withdraw(instance: Runner): void {
    const index = this.#idle.indexOf(instance);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** Resolves once every request that was taken is answered. */
  drained(): Promise<void> {
    if (this.#unanswered === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** Fails all that waits for an instance. */
  abandon(error: CoreError): void {
    const waiting = [...this.#ready.flatMap(({ jobs }) => jobs), ...(this.#batcher?.drain() ?? [])];
    this.#ready = [];
    this.#open = undefined;
    this.#alarm.set(undefined);
    for (const job of waiting) this.#fail(job, error);
  }

  /** Forms batches for as long as there is room for them to wait. */
  #form(): void {
    const batcher = this.#batcher;
    if (batcher === undefined) return;
    let wakeNs: number | undefined;
    while (this.#ready.length < 2 * this.#options.instanceCount) {
      const decision = batcher.next(this.#open, nowNs());
      for (const job of decision.rejected) this.#fail(job, new CoreError('UNAVAILABLE', 'Request timeout expired'));
      if (decision.kind === 'wait') wakeNs = decision.untilNs;
      if (decision.kind !== 'take') break;
      this.#grow(decision.items);
      if (decision.isFull) this.#open = undefined;
      this.#dispatch();
    }
    this.#alarm.set(wakeNs);
  }

  #grow(jobs: readonly Job[]): void {
    const [first] = jobs;
    if (first === undefined) return;
    if (this.#open === undefined) {
      this.#open = { jobs: [], rows: 0, shapeKey: first.shapeKey };
      this.#ready.push(this.#open);
    }
    for (const job of jobs) {
      this.#open.jobs.push(job);
      this.#open.rows += job.rows;
    }
  }

  #dispatch(): void {
    while (this.#idle.length > 0 && this.#ready.length > 0) {
      const instance = this.#idle.shift();
      const batch = this.#ready.shift();
      if (instance === undefined || batch === undefined) return;
      if (batch === this.#open) this.#open = undefined;
      void this.#run(instance, batch.jobs);
    }
  }

  async #run(instance: Runner, jobs: readonly Job[]): Promise<void> {
    const startNs = nowNs();
    try {
      const { plan, recorder } = this.#options;
      const requests = jobs.map(({ checked }) => checked);
      const { feeds, fetches, rows } = joinRequests(requests, plan);
      // The instance goes on with what waits while the answers of this batch are taken apart.
      const result = await instance.run(feeds, fetches).finally(() => this.#release(instance));
      const outputs = splitOutputs(result.outputs, requests, { plan, rows });
      const times = { startNs, inputEndNs: result.startNs, outputStartNs: result.endNs, endNs: nowNs() };
      recorder.execution(Math.max(1, rows), times);
      for (const [index, job] of jobs.entries()) this.#answer(job, outputs[index] ?? [], times);
    } catch (error) {
      const failure = error instanceof CoreError ? error : new CoreError('INTERNAL', String(error), { cause: error });
      for (const job of jobs) this.#fail(job, failure);
    }
  }

  #release(instance: Runner): void {
    if (instance.isAlive) this.offer(instance);
  }

  #answer(job: Job, outputs: readonly Tensor[], times: ExecutionTimes): void {
    const { receivedNs, checked } = job;
    const request = { receivedNs, queuedNs: receivedNs, answeredNs: times.endNs };
    this.#options.recorder.success(Math.max(1, checked.batchSize), request, times);
    job.resolve(outputs);
  }

  #fail(job: Job, error: CoreError): void {
    this.#options.recorder.failure(nowNs() - job.receivedNs);
    job.reject(error);
  }

  /** The job with its answer counted, and held back until those before it are answered where order is kept. */
  #watch(job: Job): Job {
    this.#unanswered += 1;
    const place = { settle: undefined as (() => void) | undefined };
    if (this.#options.preserveOrdering) this.#order.push(place);
    const settle = (answer: () => void): void => {
      place.settle = () => {
        answer();
        this.#unanswered -= 1;
        if (this.#unanswered === 0) for (const resolve of this.#emptied.splice(0)) resolve();
      };
      if (!this.#options.preserveOrdering) place.settle();
      while (this.#order[0]?.settle !== undefined) this.#order.shift()?.settle?.();
    };
    return {
      ...job,
      resolve: (outputs) => settle(() => job.resolve(outputs)),
      reject: (error) => settle(() => job.reject(error)),
    };
  }
}
