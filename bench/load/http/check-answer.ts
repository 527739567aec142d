import { Failure } from '../../failure.ts';
import { decodeInferenceResponse } from '../../kserve/inference.ts';
import type { Tensor } from '../../kserve/tensors.ts';
import { compareAnswers, type ErrorKind } from '../answers.ts';
import type { Answer } from './answer.ts';

/**
 * The whole check of one answer: status, form and values. A right one gives the size of its JSON header, behind which
 * the tensors' bytes follow.
 */
export function checkAnswer(
  answer: Answer,
  expected: readonly Tensor[] | null,
): { readonly wrong: ErrorKind } | { readonly headerBytes: number } {
  const { status, body } = answer;
  if (status !== 200) return { wrong: status >= 500 ? 'http-5xx' : status >= 400 ? 'http-4xx' : 'malformed' };
  const declared = answer.headers.get('inference-header-content-length') ?? String(body.byteLength);
  const headerBytes = /^\d{1,15}$/.test(declared) ? Number(declared) : Number.POSITIVE_INFINITY;
  if (headerBytes > body.byteLength) return { wrong: 'wrong-shape' };
  const tensors = decode(body, headerBytes);
  const wrong =
    tensors === undefined ? 'wrong-shape' : expected === null ? undefined : compareAnswers(tensors, expected);
  return wrong === undefined ? { headerBytes } : { wrong };
}

function decode(body: Uint8Array, headerBytes: number): Tensor[] | undefined {
  try {
    return decodeInferenceResponse(body, headerBytes);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
