import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Failure } from '../failure.ts';
import { bothTold } from './both-told.ts';

const first = new Failure('interrupted', 'interrupted', 'interrupted', { hint: 'go on with it' });
const last = new Failure('server', 'not-restored', 'it is left changed', { hint: 'mend it' });

it('of two failures the first decides the exit code, and both are told', () => {
  const told = bothTold(new SuppressedError(last, first));
  assert(told instanceof Failure);
  assert.deepEqual(
    [told.exitCode, told.code, told.message, told.hint],
    [130, 'interrupted', 'interrupted\nit is left changed', 'mend it\ngo on with it'],
  );
  const three = bothTold(new SuppressedError(last, new SuppressedError(last, first)));
  assert(three instanceof Failure);
  assert.equal(three.message, 'interrupted\nit is left changed\nit is left changed');
});

it('a bug beside a failure is a bug still, and anything else stays what it is', () => {
  const bug = new TypeError('x');
  for (const error of [new SuppressedError(bug, first), new SuppressedError(last, bug), bug])
    assert.equal(bothTold(error), bug);
  assert.equal(bothTold(first), first);
});
