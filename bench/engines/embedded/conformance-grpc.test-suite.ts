/** One call as it is sent to two servers whose answers are compared. */
export type GrpcCase = { readonly name: string; readonly method: string; readonly request: object };

type Json = Record<string, unknown>;
const model = 'sklearn-onnx';
const row = [5.1, 3.5, 1.4, 0.2];
const bytes = Buffer.from(new Float32Array(row).buffer);
const flower: Json = { name: 'input', datatype: 'FP32', shape: ['1', '4'] };

export const grpcCases: readonly GrpcCase[] = [...questions(), ...inferences(), ...contents(), ...control()];

function questions(): GrpcCase[] {
  const names: [string, Json][] = [
    ['of the model', { name: model }],
    ['of version 1', { name: model, version: '1' }],
    ['of version 2', { name: model, version: '2' }],
    ['of version abc', { name: model, version: 'abc' }],
    ['of version 01', { name: model, version: '01' }],
    ['of version -1', { name: model, version: '-1' }],
    ['of version beyond 64 bits', { name: model, version: '99999999999999999999' }],
    ['of an unknown model', { name: 'no-such' }],
    ['of __proto__', { name: '__proto__' }],
    ['of no name', {}],
  ];
  const methods = ['ModelReady', 'ModelMetadata', 'ModelConfig', 'ModelStatistics'];
  return [
    ...['ServerLive', 'ServerReady', 'ServerMetadata', 'SystemSharedMemoryStatus'].map((method) => ({
      name: method,
      method,
      request: {},
    })),
    ...methods.flatMap((method) => names.map(([name, request]) => ({ name: `${method} ${name}`, method, request }))),
  ];
}

function infer(name: string, changes: Json = {}, inputs: Json[] = [flower], raw: Uint8Array[] = [bytes]): GrpcCase {
  return { name, method: 'ModelInfer', request: { model_name: model, inputs, raw_input_contents: raw, ...changes } };
}

function inferences(): GrpcCase[] {
  const output = (name: string, parameters: Json = {}): Json => ({ outputs: [{ name, parameters }] });
  const shaped = (name: string, shape: (string | number)[], raw: Uint8Array[] = [bytes]): GrpcCase =>
    infer(name, {}, [{ ...flower, shape }], raw);
  return [
    infer('one row'),
    infer('an id', { id: 'abc' }),
    infer('version 1', { model_version: '1' }),
    infer('version 7', { model_version: '7' }),
    infer('version abc', { model_version: 'abc' }),
    infer('unknown model', { model_name: 'no-such' }),
    infer('no model', { model_name: '' }),
    shaped('64 rows', [64, 4], [Buffer.concat(Array(64).fill(bytes))]),
    shaped('65 rows', [65, 4], [Buffer.concat(Array(65).fill(bytes))]),
    shaped('no rows', [0, 4], [Buffer.alloc(0)]),
    shaped('three columns', [1, 3], [bytes.subarray(4)]),
    shaped('one dimension', [4]),
    shaped('no dimension', []),
    shaped('negative dimension', [-1, 4]),
    shaped('a huge dimension', ['4611686018427387904', 4]),
    shaped('too few bytes', [1, 4], [bytes.subarray(4)]),
    shaped('too many bytes', [1, 4], [Buffer.concat([bytes, bytes])]),
    infer('another datatype', {}, [{ ...flower, datatype: 'INT32' }]),
    infer('unknown datatype', {}, [{ ...flower, datatype: 'FP31' }]),
    infer('no datatype', {}, [{ ...flower, datatype: '' }]),
    infer('unknown input', {}, [{ ...flower, name: 'x' }]),
    infer('no inputs', {}, [], []),
    infer('the input twice', {}, [flower, flower], [bytes, bytes]),
    infer('an input too many', {}, [flower, { ...flower, name: 'more' }], [bytes, bytes]),
    infer('raw contents for fewer inputs', {}, [flower, { ...flower, name: 'more' }], [bytes]),
    infer('raw contents for more inputs', {}, [flower], [bytes, bytes]),
    infer('one output', output('label')),
    infer('the other output', output('probabilities')),
    infer('unknown output', output('nothing')),
    infer('both outputs turned', { outputs: [{ name: 'probabilities' }, { name: 'label' }] }),
    infer('two classes', output('probabilities', { classification: { int64_param: '2' } })),
    infer('classes of text', output('probabilities', { classification: { string_param: '2' } })),
    infer('negative classes', output('probabilities', { classification: { int64_param: '-2' } })),
    infer(
      'output in shared memory',
      output('label', { shared_memory_region: { string_param: 'r' }, shared_memory_byte_size: { int64_param: '8' } }),
    ),
    infer(
      'input in shared memory',
      {},
      [
        {
          ...flower,
          parameters: { shared_memory_region: { string_param: 'r' }, shared_memory_byte_size: { int64_param: '16' } },
        },
      ],
      [],
    ),
    infer('priority', { parameters: { priority: { uint64_param: '1' } } }),
    infer('timeout', { parameters: { timeout: { int64_param: '1000000' } } }),
    infer('sequence', { parameters: { sequence_id: { int64_param: '3' }, sequence_start: { bool_param: true } } }),
    infer('a parameter of our own', { parameters: { mine: { string_param: 'x' }, half: { double_param: 0.5 } } }),
    infer('a parameter that is reserved', { parameters: { triton_mine: { string_param: 'x' } } }),
    infer('a parameter without value', { parameters: { mine: {} } }),
    infer('binary_data_output', { parameters: { binary_data_output: { bool_param: true } } }),
  ];
}

function contents(): GrpcCase[] {
  const given = (name: string, fields: Json, changes: Json = {}): GrpcCase =>
    infer(name, {}, [{ ...flower, contents: fields, ...changes }], []);
  const gather = (name: string, fields: Json, datatype = 'INT64'): GrpcCase =>
    infer(name, { model_name: 'gather' }, [{ name: 'index', datatype, shape: [1, 1], contents: fields }], []);
  const text = (name: string, list: string[], shape: number[]): GrpcCase =>
    infer(
      name,
      { model_name: 'text' },
      [{ name: 'x', datatype: 'BYTES', shape, contents: { bytes_contents: list.map((each) => Buffer.from(each)) } }],
      [],
    );
  return [
    given('explicit contents', { fp32_contents: row }),
    given('explicit contents, too few', { fp32_contents: [1, 2] }),
    given('explicit contents, too many', { fp32_contents: [1, 2, 3, 4, 5] }),
    given('explicit contents, none', {}),
    given('explicit contents of another type', { int_contents: [1, 2, 3, 4] }),
    given('explicit contents of two types', { fp32_contents: row, int_contents: [1] }),
    given('explicit contents for FP16', { fp32_contents: row }, { datatype: 'FP16' }),
    infer('explicit contents beside raw ones', {}, [{ ...flower, contents: { fp32_contents: row } }], [bytes]),
    infer('neither contents nor raw', {}, [flower], []),
    gather('explicit 64-bit integer', { int64_contents: ['2'] }),
    gather('an index that the model refuses', { int64_contents: ['5'] }),
    gather('explicit integer of 8 bits', { int_contents: [1] }, 'INT8'),
    text('explicit text', ['hello'], [1, 1]),
    text('explicit texts', ['a', '', 'ü'], [3, 1]),
    text('explicit texts, too few', ['a'], [2, 1]),
    text('explicit texts, too many', ['a', 'b'], [1, 1]),
    infer(
      'raw text',
      { model_name: 'text' },
      [{ name: 'x', datatype: 'BYTES', shape: [1, 1] }],
      [Buffer.from('\x02\0\0\0hi')],
    ),
    infer(
      'raw text, cut',
      { model_name: 'text' },
      [{ name: 'x', datatype: 'BYTES', shape: [1, 1] }],
      [Buffer.from('\x09\0\0\0hi')],
    ),
    infer(
      'two inputs',
      { model_name: 'difference' },
      [
        { name: 'a', datatype: 'FP32', shape: [1, 2] },
        { name: 'b', datatype: 'FP32', shape: [1, 2] },
      ],
      [bytes.subarray(0, 8), bytes.subarray(8)],
    ),
    infer(
      'one of two inputs',
      { model_name: 'difference' },
      [{ name: 'a', datatype: 'FP32', shape: [1, 2] }],
      [bytes.subarray(0, 8)],
    ),
    infer('a model that cannot batch', { model_name: 'total' }, [{ name: 'x', datatype: 'FP32', shape: [4] }], [bytes]),
  ];
}

function control(): GrpcCase[] {
  const of = (verb: 'Load' | 'Unload', name: string, model_name: string, parameters: Json = {}): GrpcCase => ({
    name: `${verb} ${name}`,
    method: `RepositoryModel${verb}`,
    request: { model_name, parameters },
  });
  const index = (name: string, request: Json = {}): GrpcCase => ({
    name: `index ${name}`,
    method: 'RepositoryIndex',
    request,
  });
  return [
    index('of all'),
    index('of ready ones', { ready: true }),
    index('of another repository', { repository_name: 'other' }),
    of('Load', 'an unknown model', 'no-such'),
    of('Load', 'no name', ''),
    of('Load', 'a path', '../../etc'),
    of('Load', 'a config that is no JSON', 'identity', { config: { string_param: 'hello' } }),
    of('Load', 'a config that is no text', 'identity', { config: { int64_param: '1' } }),
    of('Load', 'an unknown parameter', 'identity', { mine: { string_param: '1' } }),
    of('Load', 'again', 'identity'),
    of('Unload', 'an unknown model', 'no-such'),
    of('Unload', 'once', 'identity'),
    { name: 'ready after the unload', method: 'ModelReady', request: { name: 'identity' } },
    { name: 'metadata after the unload', method: 'ModelMetadata', request: { name: 'identity' } },
    of('Load', 'at last', 'identity'),
  ];
}
