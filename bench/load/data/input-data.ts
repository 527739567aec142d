import type { Tensor } from '../../kserve/tensors.ts';
import type { ModelForm } from './model-form.ts';

/** Data read from a file, or a recipe for some, before a model says what its tensors are. */
export type InputData = {
  /** For people: "150 rows in iris.csv". */
  readonly description: string;
  /** Null where there are as many examples as anyone asks for. */
  readonly exampleCount: number | null;
  /** How many distinct requests are made of it unless the user says. */
  readonly distinctRequestCount: number;
  /** @throws Failure (usage) where the data does not fit the model; some of it may be found only when an example is asked for. */
  examplesFor(form: ModelForm): Examples;
};

/** The examples as tensors without a batch dimension, encoded when they are asked for. */
export type Examples = {
  /** In the model's order. @throws Failure (usage) naming file and entry for what the datatype cannot hold. */
  inputs(index: number): readonly Tensor[];
  /** What the model should answer, in the order of its outputs; null where nobody says. */
  readonly expected: ((index: number) => readonly Tensor[]) | null;
};

/** More distinct requests than this cost memory and show a cache nothing new. */
export const fileRequestCount = 1024;
