import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { pythonPath, requires } from '../testing/requires.ts';
import { enums } from './schema/enums.ts';
import { modelMessages } from './schema/model.ts';
import { policyMessages } from './schema/policies.ts';
import { schedulingMessages } from './schema/scheduling.ts';
import { messageSchemas, modelConfigSchema } from './schema.ts';

const describe = fileURLToPath(new URL('fixtures/describe_schema.py', import.meta.url));

test("the schema is field for field that of tritonclient's descriptor", requires('python'), () => {
  const described = JSON.parse(execaSync(pythonPath(), [describe]).stdout);
  assert.deepEqual({ ...modelMessages, ...schedulingMessages, ...policyMessages }, described.messages);
  assert.deepEqual(enums, described.enums);
});

test('every type that a field names is a scalar, an enum or a message of the schema', () => {
  assert.equal(messageSchemas.size, 46);
  for (const message of messageSchemas.values()) {
    for (const { name, type } of message.fields.values()) {
      if (type.kind === 'message') assert.ok(messageSchemas.has(type.name), `${message.name}.${name}: ${type.name}`);
    }
  }
});

test('a field knows its number, label, key type and oneof', () => {
  const { fields } = modelConfigSchema;
  assert.equal(fields.size, 25);
  assert.deepEqual(fields.get('parameters'), {
    name: 'parameters',
    number: 14,
    label: 'map',
    type: { kind: 'message', name: 'ModelParameter' },
    keyType: 'string',
    oneof: undefined,
  });
  assert.equal(fields.get('dynamic_batching')?.oneof, 'scheduling_choice');
  assert.equal(fields.get('instance_group')?.label, 'repeated');
});

test('names that every JavaScript object has are no fields', () => {
  for (const name of ['__proto__', 'constructor', 'toString'])
    assert.equal(modelConfigSchema.fields.get(name), undefined);
});
