import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { pythonPath, requires } from '../../testing/requires.ts';
import { packageJson, serviceDefinition } from './grpc-definition.ts';
import { protocolMessages, protocolMethods } from './grpc-messages.ts';

const describe = fileURLToPath(new URL('fixtures/describe_protocol.py', import.meta.url));
type Described = { messages: Record<string, Record<string, string>>; methods: Record<string, [string, string]> };

/** What is left out on purpose: this server has nothing to say there. */
const leftOut = new Set([
  'ModelStatistics.memory_usage',
  'ModelStatistics.response_stats',
  'SystemSharedMemoryStatusResponse.regions',
  'CudaSharedMemoryStatusResponse.regions',
]);

test("messages are field for field those of tritonclient's descriptor", requires('python'), () => {
  const { messages, methods } = JSON.parse(execaSync(pythonPath(), [describe]).stdout) as Described;
  for (const [name, fields] of Object.entries(protocolMessages)) {
    const described = Object.entries(messages[name] ?? {}).filter(([field]) => !leftOut.has(`${name}.${field}`));
    assert.deepEqual(fields, Object.fromEntries(described), name);
  }
  for (const name of protocolMethods) assert.deepEqual(methods[name], [`${name}Request`, `${name}Response`]);
  assert.deepEqual(methods.ModelStreamInfer, ['ModelInferRequest', 'ModelStreamInferResponse']);
});

test('the service has each method under its path', () => {
  const service = serviceDefinition();
  assert.deepEqual(Object.keys(service).sort(), [...protocolMethods, 'ModelStreamInfer'].sort());
  assert.equal(service.ModelInfer?.path, '/inference.GRPCInferenceService/ModelInfer');
});

test('ModelConfig comes from the schema: messages in messages, enums, maps and oneofs', () => {
  const { nested = {} } = packageJson();
  assert.deepEqual(nested.ModelConfig?.fields?.parameters, { type: 'ModelParameter', id: 14, keyType: 'string' });
  assert.deepEqual(nested.ModelConfig?.fields?.input, { type: 'ModelInput', id: 5, rule: 'repeated' });
  assert.deepEqual(nested.ModelConfig?.oneofs?.scheduling_choice?.oneof, [
    'dynamic_batching',
    'sequence_batching',
    'ensemble_scheduling',
  ]);
  assert.equal(nested.ModelVersionPolicy?.nested?.Latest?.fields?.num_versions?.id, 1);
  assert.equal(nested.ModelInstanceGroup?.nested?.Kind?.values?.KIND_CPU, 2);
});

test('a configuration goes over the wire whole', () => {
  const { ModelConfig } = serviceDefinition();
  const config = {
    name: 'iris',
    max_batch_size: 64,
    input: [{ name: 'x', data_type: 'TYPE_FP32', dims: ['4'] }],
    dynamic_batching: {
      max_queue_delay_microseconds: '9007199254740993',
      priority_queue_policy: { 2: { max_queue_size: 3 } },
    },
    parameters: { intra_op_thread_count: { string_value: '1' } },
  };
  const bytes = ModelConfig?.responseSerialize({ config });
  assert(bytes !== undefined);
  const read = ModelConfig?.responseDeserialize(bytes) as { config: typeof config };
  assert.equal(read.config.max_batch_size, 64);
  assert.equal(read.config.input[0]?.data_type, 'TYPE_FP32');
  assert.deepEqual(read.config.input[0]?.dims, ['4']);
  assert.equal(read.config.dynamic_batching.max_queue_delay_microseconds, '9007199254740993');
  // protobufjs reads a 64-bit key as its eight bytes; what is on the wire is right.
  assert.deepEqual(Object.values(read.config.dynamic_batching.priority_queue_policy)[0]?.max_queue_size, 3);
  assert(bytes.includes(Buffer.from('0802', 'hex')));
  assert.deepEqual(read.config.parameters, { intra_op_thread_count: { string_value: '1' } });
});
