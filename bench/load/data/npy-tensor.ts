import { elementCount, type Tensor } from '../../kserve/tensors.ts';
import { encodeChecked } from './elements.ts';
import { allows, type TensorForm } from './model-form.ts';
import { type NpyArray, numbersOf, textsOf } from './npy.ts';
import { wrongData } from './wrong-data.ts';

/**
 * The tensors of an array's rows. Numbers of another kind than the model's are converted where each fits.
 * @throws Failure (usage) at once where the array's rows are no tensors of that form, and for a row with a number that does not fit.
 */
export function npyTensors(form: TensorForm, array: NpyArray): (index: number) => Tensor {
  const { role, name, datatype } = form;
  const { file, element } = array;
  const shape = rowShapeFor(form, array);
  const numeric = datatype !== 'BYTES';
  const rawBfloat16 = datatype === 'BF16' && element.kind === 'V';
  if (!rawBfloat16 && (numeric ? array.datatype === null : element.kind !== 'S' && element.kind !== 'U')) {
    throw wrongData(
      `${file} holds ${numeric ? 'no numbers' : 'no texts'}, but ${role} ${name} is ${datatype}`,
      numeric
        ? 'save an array of numbers: array.astype(...)'
        : 'save an array of texts: array.astype("S") or array.astype(str)',
    );
  }
  const asItIs = rawBfloat16 || (array.datatype === datatype && datatype !== 'BOOL');
  const encode = (index: number): Uint8Array => {
    const place = `${file}: row ${index + 1}`;
    return encodeChecked(form, numeric ? numbersOf(array, index) : textsOf(array, index), place);
  };
  return (index) => ({ name, datatype, shape, data: asItIs ? array.row(index) : encode(index) });
}

/** Axes of length 1 more or less do not matter: a column of numbers is often saved as a plain list of them. */
function rowShapeFor(form: TensorForm, { file, rowShape, rowCount }: NpyArray): readonly number[] {
  if (allows({ shape: form.asked ?? form.shape }, rowShape)) return rowShape;
  const wanted = form.asked ?? form.shape;
  const isFixed = wanted.every((dimension) => dimension >= 0);
  if (isFixed && elementCount(wanted) === elementCount(rowShape) && longAxes(wanted) === longAxes(rowShape))
    return wanted;
  throw wrongData(
    `${file} holds [${[rowCount, ...rowShape].join(', ')}], whose rows are [${rowShape.join(', ')}], but ${form.role} ${form.name} takes [${wanted.join(', ')}] for one example`,
    'the first axis counts the examples, the others are those of one example: array.reshape(...)',
  );
}

function longAxes(shape: readonly number[]): string {
  return shape.filter((dimension) => dimension !== 1).join();
}
