import { Failure } from '../../failure.ts';
import type { ModelMetadata, TensorMetadata } from '../../kserve/client.ts';
import { type Datatype, isDatatype } from '../../kserve/tensors.ts';
import { wrongData } from './wrong-data.ts';

/** One tensor of one example: the batch dimension is not in its shape. */
export type TensorForm = {
  readonly role: 'input' | 'output';
  readonly name: string;
  readonly datatype: Datatype;
  /** As the model says it; -1 is a dimension of any size. */
  readonly shape: readonly number[];
  /** What the user asked for where the data does not say it. */
  readonly asked: readonly number[] | null;
};

/** Of inputs, and of outputs: no model has so many, and a server can say anything. */
const tensorsMost = 1_000;

/** What the data must fit. */
export type ModelForm = {
  readonly model: string;
  /** Whether requests carry several examples along a first dimension. */
  readonly batched: boolean;
  readonly maxBatchSize: number | null;
  readonly inputs: readonly TensorForm[];
  /** Null where the server describes an output in a way that no answer can be compared with. */
  readonly outputs: readonly TensorForm[] | null;
};

export type FormOptions = {
  /** max_batch_size of the served configuration; null where it is not known, and first dimensions of any size are the batch. */
  readonly maxBatchSize: number | null;
  /** Dimensions of one example by input, as `--shape` gives them. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
};

/**
 * Reads a served model's metadata.
 * @throws Failure: usage where a shape was asked for that the model does not take, server where the metadata is none.
 */
export function modelForm(metadata: ModelMetadata, { maxBatchSize, shapes }: FormOptions): ModelForm {
  const { name: model } = metadata;
  const described = tensorsOf(metadata.inputs, model);
  if (described.length === 0) throw wrongData(`model ${model} has 0 inputs: there is nothing to send`);
  const batched = maxBatchSize === null ? described.every(({ shape }) => (shape[0] ?? 0) < 0) : maxBatchSize > 0;
  for (const name of shapes.keys()) {
    if (!described.some((input) => input.name === name)) throw unknownInput(name, described, model);
  }
  const inputs = described.map((input): TensorForm => {
    if (!isDatatype(input.datatype)) throw unusable(model, `input ${input.name} is ${String(input.datatype)}`);
    const form = {
      role: 'input',
      name: input.name,
      datatype: input.datatype,
      shape: perExample(input, batched),
    } as const;
    return { ...form, asked: askedFor(form, shapes.get(input.name)) };
  });
  return { model, batched, maxBatchSize, inputs, outputs: outputForms(metadata, batched) };
}

/** @throws Failure (usage) for a name that is no input of the model. */
export function unknownInput(name: string, inputs: readonly { readonly name: string }[], model: string): Failure {
  const known = inputs.map((input) => input.name).join(', ');
  return wrongData(`model ${model} has no input ${name}`, `its inputs are ${known}`);
}

/** "[-1, 4]", with a word on the batch where there is one. */
export function shapeText(form: TensorForm, batched: boolean): string {
  return batched
    ? `[${[-1, ...form.shape].join(', ')}] (the first dimension is the batch)`
    : `[${form.shape.join(', ')}]`;
}

/** Whether a shape without unknown dimensions is one that the form allows. */
export function allows(form: Pick<TensorForm, 'shape'>, shape: readonly number[]): boolean {
  return (
    shape.length === form.shape.length &&
    shape.every((dimension, axis) => (form.shape[axis] ?? 0) < 0 || form.shape[axis] === dimension)
  );
}

function tensorsOf(tensors: unknown, model: string): TensorMetadata[] {
  const valid =
    Array.isArray(tensors) &&
    tensors.every(
      (tensor: Partial<TensorMetadata> | null) =>
        typeof tensor?.name === 'string' && Array.isArray(tensor.shape) && tensor.shape.every(isDimension),
    );
  if (!valid) throw unusable(model, 'its inputs have no names or no shapes');
  if (tensors.length > tensorsMost) throw tooMany(model, tensors.length, 'inputs');
  return tensors as TensorMetadata[];
}

/** Triton's JSON may carry 64-bit integers as text, which no shape of use needs. */
function isDimension(dimension: unknown): boolean {
  return Number.isSafeInteger(dimension) && Number(dimension) >= -1;
}

function perExample({ shape }: TensorMetadata, batched: boolean): readonly number[] {
  return batched ? shape.slice(1) : shape;
}

function outputForms(metadata: ModelMetadata, batched: boolean): TensorForm[] | null {
  const outputs: unknown = metadata.outputs;
  if (!Array.isArray(outputs)) return null;
  if (outputs.length > tensorsMost) throw tooMany(metadata.name, outputs.length, 'outputs');
  const forms = outputs.map((output: Partial<TensorMetadata> | null): TensorForm | null => {
    const { name, datatype, shape } = output ?? {};
    if (typeof name !== 'string' || typeof datatype !== 'string' || !isDatatype(datatype)) return null;
    if (!Array.isArray(shape) || !shape.every(isDimension) || (batched && (shape[0] ?? 0) >= 0)) return null;
    return { role: 'output', name, datatype, shape: batched ? shape.slice(1) : shape, asked: null };
  });
  return forms.every((form) => form !== null) ? forms : null;
}

function askedFor(
  form: Pick<TensorForm, 'name' | 'shape'>,
  asked: readonly number[] | undefined,
): readonly number[] | null {
  if (asked === undefined) return null;
  if (allows(form, asked)) return asked;
  throw wrongData(
    `input ${form.name} takes [${form.shape.join(', ')}] for one example, not the shape ${asked.join(',')}`,
    'give --shape without the batch dimension, each dimension that the model fixes as it is',
  );
}

function tooMany(model: string, count: number, what: 'inputs' | 'outputs'): Failure {
  return unusable(model, `it has ${count} ${what}, more than ${tensorsMost}`);
}

function unusable(model: string, what: string): Failure {
  return new Failure(
    'server',
    'not-kserve',
    `the server describes model ${model} in a way that data cannot be made for: ${what}`,
    {
      hint: 'is it a KServe v2 server, and is the model loaded?',
    },
  );
}
