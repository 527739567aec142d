import type { Tensor } from '../../kserve/tensors.ts';
import { parseExactJson } from './exact-json.ts';
import { fileRequestCount, type InputData } from './input-data.ts';
import { jsonTensor } from './json-tensor.ts';
import type { ModelForm, TensorForm } from './model-form.ts';
import { shown, wrongData } from './wrong-data.ts';

type Entry = { readonly place: string; readonly tensors: Readonly<Record<string, unknown>> };

const formHint = 'write { "data": [{ "INPUT": [values] }, ...] }, as perf_analyzer reads it';

/**
 * A file of perf_analyzer's: `data` is a list of examples, each a map from the names of all inputs to their tensors, or a list
 * of streams, which are lists of examples; streams are taken one after the other. `validation_data` holds expected outputs, entry by entry.
 * @throws Failure (usage) naming the entry for a file that is not so.
 */
export function parseJsonData(text: string, file: string): InputData {
  const { data, validation } = topOf(parseExactJson(text, file), file);
  const entries = entriesOf(data, file, 'data');
  const expected = validation === undefined ? null : entriesOf(validation, file, 'validation_data');
  if (entries.length === 0) throw wrongData(`${file}: data holds no examples`, formHint);
  if (expected !== null && expected.length !== entries.length) {
    throw wrongData(
      `${file}: validation_data has ${expected.length} entries where data has ${entries.length}`,
      'give the expected outputs of each entry of data, in the same order, or leave validation_data out',
    );
  }
  return {
    description: `${entries.length} examples in ${file}${expected === null ? '' : ', with expected outputs'}`,
    exampleCount: entries.length,
    distinctRequestCount: fileRequestCount,
    examplesFor: (form) => {
      const outputs = expected === null ? [] : comparable(form, file);
      return {
        inputs: (index) => tensorsOf(form.inputs, entries[index], form),
        expected: expected === null ? null : (index) => tensorsOf(outputs, expected[index], form),
      };
    },
  };
}

/** The outputs that expected values can be given for. @throws Failure (usage) where the model's are not described well enough. */
export function comparable({ outputs, model }: ModelForm, file: string): readonly TensorForm[] {
  if (outputs !== null && outputs.length > 0) return outputs;
  throw wrongData(
    `${file}: the outputs of model ${model} cannot be compared with expected ones`,
    'leave the expected outputs out: each output must have a known datatype and, with batches, a first dimension of any size',
  );
}

function topOf(top: unknown, file: string): { data: unknown; validation: unknown } {
  if (typeof top !== 'object' || top === null || Array.isArray(top))
    throw wrongData(`${file} is no map with data`, formHint);
  const stranger = Object.keys(top).find((key) => key !== 'data' && key !== 'validation_data');
  if (stranger !== undefined)
    throw wrongData(`${file} has the key ${shown(stranger)}`, 'its keys are data and validation_data');
  const { data, validation_data: validation } = top as { data?: unknown; validation_data?: unknown };
  return { data, validation };
}

function entriesOf(list: unknown, file: string, key: string): Entry[] {
  if (!Array.isArray(list)) throw wrongData(`${file}: ${key} is no list`, formHint);
  const items = list as unknown[];
  if (!items.some(Array.isArray)) return items.map((item, index) => entryOf(item, `${file}: ${key}[${index}]`));
  return items.flatMap((stream, number) => {
    if (!Array.isArray(stream)) {
      throw wrongData(
        `${file}: ${key}[${number}] is no list, but others are`,
        'give examples, or streams of examples, not both',
      );
    }
    return (stream as unknown[]).map((item, index) => entryOf(item, `${file}: ${key}[${number}][${index}]`));
  });
}

function entryOf(item: unknown, place: string): Entry {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw wrongData(`${place} is ${shown(item)}, no map from names to tensors`, formHint);
  }
  return { place, tensors: item as Record<string, unknown> };
}

function tensorsOf(forms: readonly TensorForm[], entry: Entry | undefined, { model }: ModelForm): Tensor[] {
  if (entry === undefined) throw new RangeError('there is no such example');
  const { place, tensors } = entry;
  // "model" is perf_analyzer's own key for services that are not of this protocol.
  const stranger = Object.keys(tensors).find((name) => name !== 'model' && !forms.some((form) => form.name === name));
  const names = forms.map(({ name }) => name);
  const role = forms[0]?.role ?? 'input';
  if (stranger !== undefined) {
    throw wrongData(
      `${place}: model ${model} has no ${role} ${shown(stranger)}`,
      `its ${role}s are ${names.join(', ')}`,
    );
  }
  return forms.map((form) => {
    if (!Object.hasOwn(tensors, form.name)) {
      throw wrongData(`${place} lacks ${form.role} ${form.name}`, `each entry gives all of ${names.join(', ')}`);
    }
    return jsonTensor(form, tensors[form.name], place);
  });
}
