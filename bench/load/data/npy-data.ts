import type { Tensor } from '../../kserve/tensors.ts';
import { fileRequestCount, type InputData } from './input-data.ts';
import { comparable } from './json.ts';
import type { TensorForm } from './model-form.ts';
import type { NpyArray } from './npy.ts';
import { npyTensors } from './npy-tensor.ts';
import { wrongData } from './wrong-data.ts';

/** Arrays by the name of the tensor that they feed; one alone, under null, feeds a model's only one. */
export type NamedArrays = ReadonlyMap<string | null, NpyArray>;

/** Examples from one array per input. @throws Failure (usage) where the arrays have different numbers of rows. */
export function npyData(arrays: NamedArrays): InputData {
  const rowCount = commonRowCount(arrays);
  const files = [...arrays.values()].map(({ file }) => file).join(', ');
  return {
    description: `${rowCount} rows in ${files}`,
    exampleCount: rowCount,
    distinctRequestCount: fileRequestCount,
    examplesFor: (form) => ({ inputs: rowsFor(form.inputs, arrays), expected: null }),
  };
}

/** The same examples with expected outputs from one array per output. @throws Failure (usage) for another number of rows. */
export function withExpected(data: InputData, arrays: NamedArrays): InputData {
  const rowCount = commonRowCount(arrays);
  const [{ file } = { file: '' }] = arrays.values();
  if (data.exampleCount !== rowCount) {
    const given = data.exampleCount === null ? 'are made up' : `number ${data.exampleCount}`;
    throw wrongData(
      `${file} has ${rowCount} rows of expected outputs, but the examples ${given}`,
      'give one row of expected outputs for each example of a file',
    );
  }
  return {
    ...data,
    description: `${data.description}, with expected outputs`,
    examplesFor: (form) => {
      const examples = data.examplesFor(form);
      if (examples.expected !== null)
        throw wrongData(`${file}: the data brings expected outputs of its own`, 'leave one of them out');
      return { ...examples, expected: rowsFor(comparable(form, file), arrays) };
    },
  };
}

function commonRowCount(arrays: NamedArrays): number {
  const [first, ...others] = arrays.values();
  if (first === undefined) throw new RangeError('there are no arrays');
  const odd = others.find(({ rowCount }) => rowCount !== first.rowCount);
  if (odd === undefined) return first.rowCount;
  throw wrongData(
    `${odd.file} has ${odd.rowCount} rows where ${first.file} has ${first.rowCount}`,
    'give each tensor as many rows as there are examples',
  );
}

function rowsFor(forms: readonly TensorForm[], arrays: NamedArrays): (index: number) => readonly Tensor[] {
  const names = forms.map(({ name }) => name).join(', ');
  const [role = 'input'] = forms.map((form) => form.role);
  const alone = arrays.get(null);
  for (const [name, { file }] of arrays) {
    if (name !== null && !forms.some((form) => form.name === name)) {
      throw wrongData(`${file}: the model has no ${role} ${name}`, `its ${role}s are ${names}`);
    }
  }
  if (alone !== undefined && forms.length !== 1) {
    throw wrongData(
      `${alone.file}: the model has ${forms.length} ${role}s`,
      `name the tensor with each file: NAME=FILE.npy for ${names}`,
    );
  }
  const read = forms.map((form) => {
    const array = alone ?? arrays.get(form.name);
    if (array === undefined) throw wrongData(`there is no file for ${role} ${form.name}`, `give ${form.name}=FILE.npy`);
    return npyTensors(form, array);
  });
  return (index) => read.map((tensor) => tensor(index));
}
