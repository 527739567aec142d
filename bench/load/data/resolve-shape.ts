import { elementCount } from '../../kserve/tensors.ts';
import { allows, type TensorForm } from './model-form.ts';
import { wrongData } from './wrong-data.ts';

/**
 * The dimensions of one example: those that the data gives, else those asked for, else the model's own with one of any size
 * worked out from how many elements there are.
 * @throws Failure (usage) where they are not known, not the model's, or not those of so many elements.
 */
export function resolveShape(
  form: TensorForm,
  data: { readonly shape: readonly number[] | null; readonly elementCount: number },
  place: string,
): readonly number[] {
  const { role, name } = form;
  const what = `${place}: ${role} ${name}`;
  if (data.shape !== null && !allows(form, data.shape)) {
    throw wrongData(
      `${what} has the shape [${data.shape.join(', ')}] where the model takes [${form.shape.join(', ')}]`,
      'give the shape of one example, without the batch dimension',
    );
  }
  const shape = data.shape ?? form.asked ?? workedOut(form, data.elementCount, what);
  if (elementCount(shape) !== data.elementCount) {
    throw wrongData(
      `${what} has ${data.elementCount} elements where the shape [${shape.join(', ')}] takes ${elementCount(shape)}`,
      'give as many elements as one example takes',
    );
  }
  return shape;
}

/** The shape of data that is made up, with nothing to work a dimension out from. @throws Failure (usage) where it is not known. */
export function fixedShape({ role, name, shape, asked }: TensorForm): readonly number[] {
  if (asked !== null) return asked;
  if (shape.every((dimension) => dimension >= 0)) return shape;
  throw wrongData(
    `${role} ${name} takes [${shape.join(', ')}] for one example, and nothing says how large the dimensions of any size are`,
    `give --shape ${name}:${shape.map((dimension) => (dimension < 0 ? 'SIZE' : dimension)).join(',')}`,
  );
}

function workedOut(form: TensorForm, count: number, what: string): readonly number[] {
  const { shape } = form;
  const unknown = shape.filter((dimension) => dimension < 0).length;
  if (unknown === 0) return shape;
  const fixed = elementCount(shape.filter((dimension) => dimension >= 0));
  if (unknown > 1 || fixed === 0 || count % fixed !== 0) {
    throw wrongData(
      `${what} has ${count} elements and no shape where the model takes [${shape.join(', ')}]`,
      `give a shape with the data, or --shape ${form.name}:SIZES`,
    );
  }
  return shape.map((dimension) => (dimension < 0 ? count / fixed : dimension));
}
