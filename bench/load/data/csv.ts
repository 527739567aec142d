import { elementCount, type Tensor } from '../../kserve/tensors.ts';
import { encodeChecked, fits } from './elements.ts';
import { fileRequestCount, type InputData } from './input-data.ts';
import { type ModelForm, shapeText, type TensorForm } from './model-form.ts';
import { readTextFile } from './read-file.ts';
import { wrongData } from './wrong-data.ts';

/** Rows of numbers as they stand in a CSV file; a first line that is no numbers is its header. */
export type InputRows = { readonly file: string; readonly rows: readonly (readonly number[])[] };

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** @throws Failure (usage) for a file that is missing, too large, empty, ragged, or holds something else than numbers. */
export async function readCsv(file: string): Promise<InputRows> {
  return parseCsv(await readTextFile(file), file);
}

/** @throws Failure (usage) with the line for text that is empty, ragged, or holds something else than numbers. */
export function parseCsv(text: string, file: string): InputRows {
  const rows: number[][] = [];
  let width: number | undefined;
  let line = 0;
  for (const content of linesOf(text)) {
    line += 1;
    if (content.trim() === '') continue;
    const cells = content.split(',').map((cell) => cell.trim());
    const numbers = cells.map((cell) => (decimal.test(cell) ? Number(cell) : Number.NaN));
    if (rows.length === 0 && width === undefined && numbers.every(Number.isNaN)) {
      width = cells.length;
      continue;
    }
    const bad = numbers.findIndex((value) => !Number.isFinite(value));
    if (bad !== -1) {
      const what = Number.isNaN(numbers[bad]) ? 'is no number' : 'is too large a number';
      throw wrongData(`${file}:${line}: column ${bad + 1} ${what}`);
    }
    if (width !== undefined && cells.length !== width) {
      throw wrongData(`${file}:${line}: ${cells.length} columns where the first line has ${width}`);
    }
    width = cells.length;
    rows.push(numbers);
  }
  if (rows.length === 0) throw wrongData(`${file} holds no rows`);
  return { file, rows };
}

/** Feeds the only input of a model: each row is one example. */
export function csvData({ file, rows }: InputRows): InputData {
  return {
    description: `${rows.length} rows in ${file}`,
    exampleCount: rows.length,
    distinctRequestCount: fileRequestCount,
    examplesFor: (form) => {
      const target = onlyInput(form, file);
      const { role, name, datatype } = target;
      const shape = shapeOfRow(target, rows[0]?.length ?? 0, { form, file });
      const broken = rows.findIndex((row) => !row.every((value) => fits(datatype, value)));
      if (broken !== -1) encodeChecked(target, rows[broken] ?? [], `${file}: row ${broken + 1}`);
      const inputs = (index: number): Tensor[] => {
        const data = encodeChecked({ role, name, datatype }, rows[index] ?? [], `${file}: row ${index + 1}`);
        return [{ name, datatype, shape, data }];
      };
      return { inputs, expected: null };
    },
  };
}

function* linesOf(text: string): Generator<string> {
  let start = 0;
  while (start <= text.length) {
    const end = text.indexOf('\n', start);
    yield text.slice(start, end === -1 ? text.length : end);
    if (end === -1) return;
    start = end + 1;
  }
}

function onlyInput({ inputs, model }: ModelForm, file: string): TensorForm {
  const [target, ...others] = inputs;
  if (target === undefined || others.length > 0) {
    throw wrongData(
      `${file}: model ${model} has ${inputs.length} inputs; a CSV file feeds exactly one`,
      'name a JSON file as perf_analyzer reads it, or one .npy file per input: input=FILE.npy',
    );
  }
  if (target.datatype === 'BYTES') {
    throw wrongData(
      `${file}: input ${target.name} is BYTES, which a CSV of numbers cannot feed`,
      'name a JSON file as perf_analyzer reads it, or a .npy file of texts',
    );
  }
  return target;
}

/** One variable dimension takes what the row's width leaves. */
function shapeOfRow(
  target: TensorForm,
  width: number,
  { form, file }: { form: ModelForm; file: string },
): readonly number[] {
  const shape = target.asked ?? target.shape;
  const fixed = elementCount(shape.filter((dimension) => dimension >= 0));
  const variableCount = shape.filter((dimension) => dimension < 0).length;
  if (variableCount > 1 || (variableCount === 0 ? fixed !== width : fixed === 0 || width % fixed !== 0)) {
    throw wrongData(
      `${file} has ${width} columns, but input ${target.name} takes ${shapeText(target, form.batched)}`,
      variableCount > 1 ? `give --shape ${target.name}:SIZES` : 'give one column per element of an example',
    );
  }
  return shape.map((dimension) => (dimension < 0 ? width / fixed : dimension));
}
