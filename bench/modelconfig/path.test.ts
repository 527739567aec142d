import assert from 'node:assert/strict';
import test from 'node:test';
import { parsePath } from './path.ts';

/** The steps of a path in short: `field`, `field[index]`, `field{key}`, `field*` for the whole of a list or map. */
function steps(path: string): string {
  return parsePath(path)
    .map((step) => {
      if (step.kind === 'item') return `${step.field.name}[${step.index}]`;
      if (step.kind === 'entry') return `${step.field.name}{${step.key}}`;
      return step.kind === 'all' ? `${step.field.name}*` : step.field.name;
    })
    .join(' ');
}

test('a path leads through messages, lists and maps', () => {
  assert.equal(steps('max_batch_size'), 'max_batch_size');
  assert.equal(steps('dynamic_batching.max_queue_delay_microseconds'), 'dynamic_batching max_queue_delay_microseconds');
  assert.equal(steps('instance_group'), 'instance_group*');
  assert.equal(steps('instance_group.count'), 'instance_group[only] count');
  assert.equal(steps('instance_group[1].gpus[0]'), 'instance_group[1] gpus[0]');
  assert.equal(steps('instance_group[+]'), 'instance_group[append]');
  assert.equal(steps('parameters'), 'parameters*');
});

test("a map's key is a name, a number, or anything in quotes", () => {
  assert.equal(steps('parameters.intra_op_thread_count'), 'parameters{intra_op_thread_count} value');
  assert.equal(steps('parameters.k.string_value'), 'parameters{k} value string_value');
  assert.equal(steps('parameters["a.b"].string_value'), 'parameters{a.b} value string_value');
  assert.equal(steps(`parameters['a"]["b']`), 'parameters{a"]["b} value');
  assert.equal(steps('parameters["a\\"\\\\\\n\\u0041"]'), 'parameters{a"\\\nA} value');
  assert.equal(
    steps('dynamic_batching.priority_queue_policy[7].max_queue_size'),
    'dynamic_batching priority_queue_policy{7} value max_queue_size',
  );
  assert.equal(steps('dynamic_batching.priority_queue_policy.7'), 'dynamic_batching priority_queue_policy{7} value');
  assert.equal(
    steps('optimization.execution_accelerators.cpu_execution_accelerator[0].parameters.x'),
    'optimization execution_accelerators cpu_execution_accelerator[0] parameters{x} value',
  );
});

test('what is no path is refused with what to write', () => {
  for (const path of [
    '',
    '.',
    'a.',
    '.name',
    'name ',
    'input[',
    'input[-1].name',
    'input[1',
    'input[x]',
    'parameters["a',
    'input[0]name',
  ]) {
    assert.throws(() => parsePath(path), { name: 'Failure', code: 'setting-path', exitCode: 2 }, path);
  }
  assert.throws(() => parsePath('x'.repeat(1001)), { message: /: longer than 1000 characters$/ });
  assert.throws(() => parsePath(`name${'.name'.repeat(40)}`), { message: /not a path from character/ });
});
