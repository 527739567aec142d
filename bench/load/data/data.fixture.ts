import { Failure } from '../../failure.ts';
import type { ModelMetadata, TensorMetadata } from '../../kserve/client.ts';
import { decodeByteStrings, decodeElements, type Tensor } from '../../kserve/tensors.ts';

/** A model's metadata with tensors written as "name DATATYPE 1,2"; "name DATATYPE" is a scalar. */
export function model(inputs: readonly string[], outputs: readonly string[] = []): ModelMetadata {
  return { name: 'm', versions: ['1'], platform: 'p', inputs: inputs.map(tensor), outputs: outputs.map(tensor) };
}

function tensor(text: string): TensorMetadata {
  const [name = '', datatype = '', shape = ''] = text.split(' ');
  return { name, datatype, shape: shape === '' ? [] : shape.split(',').map(Number) };
}

/** For assert.throws: a usage failure of one line that says this, and what to do. */
export function usage(message: RegExp, hint = /\w/): (error: unknown) => boolean {
  return (error) =>
    error instanceof Failure &&
    error.exitCode === 2 &&
    message.test(error.message) &&
    !error.message.includes('\n') &&
    hint.test(error.hint ?? '');
}

/** A tensor as people read it: its name, its shape, and its values or texts. */
export function plain({ name, datatype, shape, data }: Tensor): [string, readonly number[], unknown[]] {
  const texts = (): string[] => (decodeByteStrings(data) ?? []).map((each) => Buffer.from(each).toString());
  return [name, shape, datatype === 'BYTES' ? texts() : decodeElements(datatype, data)];
}
