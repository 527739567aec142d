import {
  type Datatype,
  decodeByteStrings,
  elementBytes,
  elementCount,
  encodeByteStrings,
  type Tensor,
} from '../../kserve/tensors.ts';
import { type Random, seededRandom } from '../../random.ts';
import { encodeChecked, fits } from './elements.ts';
import type { InputData } from './input-data.ts';
import { type TensorForm, unknownInput } from './model-form.ts';
import { fixedShape } from './resolve-shape.ts';
import { wrongData } from './wrong-data.ts';

/** Values of a made-up input: integers from least to most, both included, floating point between them; of texts, the length. */
export type Range = { readonly least: number; readonly most: number };

const randomRequestCount = 64;
/** Examples are drawn each from a seed of its own, so that any one can be made without those before it. */
const seedStride = 2 ** 20;
const exampleLimitBytes = 256 * 1024 * 1024;
const textLimitBytes = 1024 * 1024;
/** To draw each of 256 MiB would take a minute. */
const drawnCount = 4096;
const drawnLetterCount = 64;

/**
 * Seeded random values. Unless `ranges` says otherwise: floating point in [0, 1), integers 0 to 9, truth values, texts of
 * 128 letters and digits; a tensor of more than 4 096 elements repeats those. Small integers are often indexes into something, where any other could be out of range.
 */
export function randomData(seed: number, ranges: ReadonlyMap<string, Range>): InputData {
  return {
    description: `random values, seed ${seed}`,
    exampleCount: null,
    distinctRequestCount: randomRequestCount,
    examplesFor: ({ inputs, model }) => {
      for (const name of ranges.keys()) {
        if (!inputs.some((input) => input.name === name)) throw unknownInput(name, inputs, model);
      }
      const makers = inputs.map((form) => randomTensor(form, ranges.get(form.name)));
      const draw = (index: number): Random => seededRandom((seed % 2 ** 32) * seedStride + index);
      return {
        inputs: (index) => {
          const random = draw(index);
          return makers.map((make) => make(random));
        },
        expected: null,
      };
    },
  };
}

/** Zeros, and empty texts: the same request over and over, as perf_analyzer's zero is. */
export function zeroData(): InputData {
  return {
    description: 'zeros',
    exampleCount: null,
    distinctRequestCount: 1,
    examplesFor: ({ inputs }) => {
      const tensors = inputs.map((form): Tensor => {
        const shape = sizedShape(form, 0);
        const bytes = elementCount(shape) * (elementBytes[form.datatype] ?? 4);
        return { name: form.name, datatype: form.datatype, shape, data: new Uint8Array(bytes) };
      });
      return { inputs: () => tensors, expected: null };
    },
  };
}

function randomTensor(form: TensorForm, range: Range | undefined): (random: Random) => Tensor {
  const { name, datatype } = form;
  const asked = range ?? defaultRanges[datatype] ?? { least: 0, most: 9 };
  checkRange(form, asked);
  const shape = sizedShape(form, datatype === 'BYTES' ? asked.most : 0);
  const length = elementCount(shape);
  const draw = drawFor(datatype, asked);
  return (random) => {
    const values = Array.from({ length: Math.min(length, drawnCount) }, () => draw(random));
    return {
      name,
      datatype,
      shape,
      data: repeated(encodeChecked(form, values, 'random values'), { datatype, length }),
    };
  };
}

/** A tensor of more elements repeats those drawn. */
function repeated(drawn: Uint8Array, { datatype, length }: { datatype: Datatype; length: number }): Uint8Array {
  if (length <= drawnCount) return drawn;
  const size = elementBytes[datatype];
  if (size !== undefined) return Buffer.alloc(length * size, drawn);
  // Texts differ in length, so that whole rounds are put together and what is left of one.
  const texts = decodeByteStrings(drawn) ?? [];
  return encodeByteStrings(Array.from({ length }, (_, index) => texts[index % drawnCount] ?? new Uint8Array()));
}

const unit: Range = { least: 0, most: 1 };
const defaultRanges: Partial<Record<Datatype, Range>> = {
  BOOL: unit,
  FP16: unit,
  BF16: unit,
  FP32: unit,
  FP64: unit,
  BYTES: { least: 128, most: 128 },
};

function checkRange({ name, datatype }: TensorForm, { least, most }: Range): void {
  const isText = datatype === 'BYTES';
  const possible = isText
    ? [least, most].every((length) => Number.isInteger(length) && length >= 0 && length <= textLimitBytes)
    : fits(datatype, least) && fits(datatype, most);
  if (possible && least <= most) return;
  throw wrongData(
    `input ${name} is ${datatype}, which takes no values from ${least} to ${most}`,
    isText
      ? `give the least and the greatest length, up to ${textLimitBytes}: --input-range ${name}:8,32`
      : `give the least and the greatest value, the least first: --input-range ${name}:0,1`,
  );
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function drawFor(datatype: Datatype, { least, most }: Range): (random: Random) => number | string | bigint {
  // Of a range so wide that its length is rounded, the sum could be one beyond it.
  const integer = (random: Random): number => Math.min(most, least + Math.floor(random.next() * (most - least + 1)));
  if (datatype === 'BYTES') {
    return (random) => {
      const length = integer(random);
      const drawn = Array.from(
        { length: Math.min(length, drawnLetterCount) },
        () => letters[random.integer(letters.length)],
      );
      return drawn.join('').padEnd(length, drawn.join(''));
    };
  }
  if (!/^(FP|BF)/.test(datatype)) return integer;
  // Added up so, a range as wide as the datatype does not overflow.
  return (random) => {
    const share = random.next();
    return least * (1 - share) + most * share;
  };
}

/** A server can ask for tensors of any size. */
function sizedShape(form: TensorForm, textBytes: number): readonly number[] {
  const shape = fixedShape(form);
  const bytes = elementCount(shape) * (elementBytes[form.datatype] ?? 4 + textBytes);
  if (bytes <= exampleLimitBytes) return shape;
  throw wrongData(
    `input ${form.name} of shape [${shape.join(', ')}] takes more than ${exampleLimitBytes} bytes for one example`,
    `give smaller dimensions with --shape ${form.name}:SIZES`,
  );
}
