import type { ModelMetadata } from '../../kserve/client.ts';
import type { Tensor } from '../../kserve/tensors.ts';
import type { Expected, Tolerance } from '../answers.ts';
import type { Examples, InputData } from './input-data.ts';
import { type FormOptions, type ModelForm, modelForm } from './model-form.ts';
import { wrongData } from './wrong-data.ts';

/** The distinct requests of a load, and what a right answer to each holds where that is known. */
export type Workload = {
  readonly inputs: readonly (readonly Tensor[])[];
  readonly expected: readonly (readonly Expected[])[] | null;
  /** For people: what the requests are made of, and how many there are. */
  readonly description: string;
};

export type WorkloadOptions = FormOptions & {
  /** Null for as many as suit the data: 1 024 of a file, 64 of random values. */
  readonly distinctRequestCount: number | null;
  /** How far an answer may be from the expected outputs; null for the defaults by datatype. */
  readonly tolerance: Tolerance | null;
};

export const plainOptions: WorkloadOptions = {
  maxBatchSize: null,
  shapes: new Map(),
  distinctRequestCount: null,
  tolerance: null,
};

/** All distinct requests together; each transport keeps a copy of its own. */
const workloadLimitBytes = 256 * 1024 * 1024;
/** Beyond this neither protocol carries a message. */
const requestLimitBytes = 1024 * 1024 * 1024;

/**
 * Requests of `batchSize` consecutive examples each, which begin at examples spread evenly over the data: all of them where
 * there are no more than the distinct requests. Only what is sent is encoded.
 * @throws Failure (usage) where the data does not fit the model, or the model takes no such batch.
 */
export function makeWorkload(
  data: InputData,
  metadata: ModelMetadata,
  batchSize: number,
  options: WorkloadOptions = plainOptions,
): Workload {
  const form = modelForm(metadata, options);
  checkBatch(form, batchSize);
  const examples = data.examplesFor(form);
  const wanted = Math.max(1, options.distinctRequestCount ?? data.distinctRequestCount);
  const requestCount = Math.min(wanted, data.exampleCount ?? wanted);
  const build = builder(examples, form, options.tolerance);
  const requests: Request[] = [];
  let bytes = 0;
  let most = requestCount;
  for (let request = 0; request < most; request += 1) {
    const made = build(examplesOf(request, { requestCount: most, batchSize, exampleCount: data.exampleCount }));
    const size = heldBytes(made.inputs) + heldBytes(made.expected ?? []);
    bytes += size;
    // The first one says how many there is room for, before the others are spread.
    if (request === 0) most = Math.max(1, Math.min(most, Math.floor(workloadLimitBytes / Math.max(1, size))));
    else if (bytes > workloadLimitBytes) break;
    requests.push(made);
  }
  return {
    inputs: requests.map(({ inputs }) => inputs),
    expected: expectedOf(requests),
    description: `${data.description}, in ${requests.length} distinct requests`,
  };
}

/** Each example of a file once, in order, in requests of at most `batchSize`. @throws Failure (usage) as makeWorkload does. */
export function* everyExample(
  data: InputData,
  metadata: ModelMetadata,
  batchSize: number,
  options: WorkloadOptions = plainOptions,
): Generator<readonly Tensor[]> {
  if (data.exampleCount === null) {
    throw wrongData(`${data.description} have no end`, 'name a file of examples');
  }
  const form = modelForm(metadata, options);
  const size = form.batched ? batchSize : 1;
  checkBatch(form, size);
  const build = builder(data.examplesFor(form), form, options.tolerance);
  for (let start = 0; start < data.exampleCount; start += size) {
    const count = Math.min(size, data.exampleCount - start);
    yield build(Array.from({ length: count }, (_, offset) => start + offset)).inputs;
  }
}

type Request = { readonly inputs: readonly Tensor[]; readonly expected: readonly Expected[] | null };

function checkBatch({ model, batched, maxBatchSize }: ModelForm, batchSize: number): void {
  if (!batched && batchSize > 1) {
    throw wrongData(`model ${model} takes no batches: load.batchSize must be 1`, 'leave the batch size out');
  }
  if (batched && maxBatchSize !== null && batchSize > maxBatchSize) {
    throw wrongData(
      `model ${model} takes batches of at most ${maxBatchSize}, not ${batchSize}`,
      'lower the batch size, or raise max_batch_size in config.pbtxt',
    );
  }
}

type Spread = { readonly requestCount: number; readonly batchSize: number; readonly exampleCount: number | null };

/** The indexes of one request's examples; they go round where the data ends, and never meet where it has no end. */
function examplesOf(request: number, { requestCount, batchSize, exampleCount }: Spread): number[] {
  const start = exampleCount === null ? request * batchSize : Math.floor((request * exampleCount) / requestCount);
  return Array.from({ length: batchSize }, (_, offset) => (start + offset) % (exampleCount ?? Number.MAX_SAFE_INTEGER));
}

function builder(
  examples: Examples,
  form: ModelForm,
  tolerance: Tolerance | null,
): (indexes: readonly number[]) => Request {
  const { expected } = examples;
  return (indexes) => ({
    inputs: stack(examples.inputs, indexes, form),
    expected:
      expected === null
        ? null
        : stack(expected, indexes, form).map((tensor) => (tolerance === null ? tensor : { ...tensor, tolerance })),
  });
}

/** Several examples along a first dimension. */
function stack(
  tensorsOf: (index: number) => readonly Tensor[],
  indexes: readonly number[],
  { batched }: ModelForm,
): readonly Tensor[] {
  const [start = 0, ...rest] = indexes;
  const first = tensorsOf(start);
  checkSize(first, indexes.length);
  if (!batched) return first;
  const others = rest.map(tensorsOf);
  return first.map((tensor, position) => {
    const all = [tensor, ...others.flatMap((tensors) => tensors[position] ?? [])];
    const odd = all.findIndex(({ shape }) => shape.join() !== tensor.shape.join());
    if (odd !== -1) {
      throw wrongData(
        `examples ${start + 1} and ${(indexes[odd] ?? 0) + 1} cannot be in one batch: ${tensor.name} has the shapes [${tensor.shape.join(', ')}] and [${all[odd]?.shape.join(', ')}]`,
        'send batches of 1, or give examples of one shape',
      );
    }
    const data = all.length === 1 ? tensor.data : Buffer.concat(all.map((each) => each.data));
    return { ...tensor, shape: [indexes.length, ...tensor.shape], data };
  });
}

/** Before the batch is put together: memory for it may not be there. */
function checkSize(example: readonly Tensor[], batchSize: number): void {
  const bytes = bytesOf(example) * batchSize;
  if (bytes <= requestLimitBytes) return;
  throw wrongData(`one request would take ${bytes} bytes, more than ${requestLimitBytes}`, 'lower the batch size');
}

/** What a tensor takes beside its data: objects, its name, its shape, and its part of a request. */
const tensorOverheadBytes = 1024;

function heldBytes(tensors: readonly Tensor[]): number {
  return bytesOf(tensors) + tensors.length * tensorOverheadBytes;
}

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((bytes, { data }) => bytes + data.byteLength, 0);
}

function expectedOf(requests: readonly Request[]): Workload['expected'] {
  const expected = requests.flatMap((request) => (request.expected === null ? [] : [request.expected]));
  return expected.length === requests.length ? expected : null;
}
