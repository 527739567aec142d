import type { Tensor } from '../../kserve/tensors.ts';
import { type ErrorKind, type Expected, holdsValues } from '../answers.ts';
import { doesByForm, type Question, wasCompared } from '../rotation.ts';
import { decodeInferResponse } from './infer-response.ts';
import { Malformed } from './malformed.ts';
import { ProtoReader } from './protobuf.ts';

/** Small answers cost little to compare number by number; of larger ones that are not the expected bytes, one in `verifyEvery` is. */
const verifyAlwaysBytes = 1024;

export type CheckedAnswer =
  | { readonly wrong: ErrorKind }
  | { readonly tensors: readonly Tensor[]; readonly verified: boolean };

/** The whole check of a message: its form, and its values where they are known. */
export function checkAnswer(message: Buffer, question: Question): CheckedAnswer {
  let tensors: Tensor[] | undefined;
  try {
    tensors = decodeInferResponse(new ProtoReader(message));
  } catch (error) {
    if (error instanceof Malformed) return { wrong: 'malformed' };
    throw error;
  }
  if (tensors === undefined) return { wrong: 'wrong-shape' };
  if (question.expected === null) return { tensors, verified: false };
  const parts = pair(tensors, question.expected);
  if (parts === undefined) return { wrong: 'wrong-shape' };
  const values = checkValues(parts, question);
  return values === 'wrong' ? { wrong: 'wrong-values' } : { tensors, verified: values === 'verified' };
}

/** What came for an output that is expected. */
export type Part = { readonly data: Uint8Array; readonly expected: Expected };

/** Each tensor with the one expected under its name; undefined where the forms are not the same. */
export function pair(tensors: readonly Tensor[], expected: readonly Expected[]): Part[] | undefined {
  if (tensors.length !== expected.length) return undefined;
  const parts = expected.map((want) => {
    const have = tensors.find(({ name }) => name === want.name);
    const same =
      have !== undefined &&
      have.datatype === want.datatype &&
      have.shape.length === want.shape.length &&
      have.shape.every((dimension, index) => dimension === want.shape[index]) &&
      // Texts may have any length; all else follows from the shape.
      (have.datatype === 'BYTES' || have.data.byteLength === want.data.byteLength);
    return same ? { data: have.data, expected: want } : undefined;
  });
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

/** The check of an answer's values, its form being right; most of the large ones that are rounded otherwise go without. */
export function checkValues(parts: readonly Part[], question: Question): 'verified' | 'right-form' | 'wrong' {
  if (parts.every(({ data, expected }) => Buffer.compare(data, expected.data) === 0)) return 'verified';
  const bytes = parts.reduce((sum, { data }) => sum + data.byteLength, 0);
  if (bytes > verifyAlwaysBytes && doesByForm(question)) return 'right-form';
  const right = ({ data, expected }: Part): boolean =>
    data.byteLength === expected.data.byteLength && holdsValues(data, [expected]);
  if (!parts.every(right)) return 'wrong';
  wasCompared(question);
  return 'verified';
}
