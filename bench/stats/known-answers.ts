import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

type Vector = { readonly id: string; readonly input: unknown; readonly expected: unknown; readonly tol: number };

const file: { vectors: Vector[] } = JSON.parse(readFileSync(new URL('fixtures/vectors.json', import.meta.url), 'utf8'));

/** A known answer by its id: input and expected values in the shape that the caller states, and its tolerance. */
export function vector<Input, Expected>(id: string): { input: Input; expected: Expected; tol: number } {
  const found = file.vectors.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no vector ${id}`);
  return { input: found.input as Input, expected: found.expected as Expected, tol: found.tol };
}

/**
 * Compares number by number within an absolute or relative tolerance, and to the nine significant digits that the known
 * answers have, so that a small p value is not compared by its size alone.
 */
export function assertClose(actual: readonly number[], expected: readonly number[], tol: number): void {
  assert.equal(actual.length, expected.length);
  for (const [index, value] of actual.entries()) {
    const wanted = expected[index] ?? Number.NaN;
    const off = Math.abs(value - wanted);
    const near = off <= tol * Math.max(1, Math.abs(wanted)) && off <= 1e-12 + 6e-9 * Math.abs(wanted);
    assert.ok(near, `value ${index} is ${value}, not ${wanted} within ${tol}`);
  }
}

/** The blocks of the vectors by variant, as natural logs. */
export function logsByArm(blocks: readonly (readonly number[])[]): number[][] {
  return (blocks[0] ?? []).map((_, arm) => blocks.map((values) => Math.log(values[arm] ?? Number.NaN)));
}

/** Eight blocks of a baseline and three variants; the input of many of the vectors. */
export type FourArms = {
  readonly arms: readonly string[];
  readonly cost: readonly number[];
  readonly throughput_blocks_by_arm: readonly (readonly number[])[];
};
