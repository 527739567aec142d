/** An input, output or constant of a made model: `type` is TensorProto.DataType's number, a text dimension is an open one. */
export type MadeTensor = { readonly name: string; readonly type: number; readonly shape: readonly (number | string)[] };
export type MadeConstant = {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
};
export type MadeNode = { readonly op: string; readonly inputs: readonly string[]; readonly outputs: readonly string[] };

export type MadeModel = {
  readonly inputs: readonly MadeTensor[];
  readonly outputs: readonly MadeTensor[];
  readonly nodes: readonly MadeNode[];
  readonly constants?: readonly MadeConstant[];
};

/** The bytes of an ONNX file with these nodes, for tests that need a model of a certain type or cost. */
export function makeOnnx({ inputs, outputs, nodes, constants = [] }: MadeModel): Uint8Array {
  const graph = [
    ...nodes.map((node) => field(1, nodeProto(node))),
    field(2, text('g')),
    ...constants.map((constant) => field(5, tensorProto(constant))),
    ...inputs.map((input) => field(11, valueInfo(input))),
    ...outputs.map((output) => field(12, valueInfo(output))),
  ];
  return Buffer.concat([
    whole(1, 8),
    field(7, Buffer.concat(graph)),
    field(8, Buffer.concat([field(1, text('')), whole(2, 17)])),
  ]);
}

/** y = x for one element type, each [n, 1]. */
export function identityModel(type: number): Uint8Array {
  const tensor = { type, shape: ['n', 1] };
  return makeOnnx({
    inputs: [{ name: 'x', ...tensor }],
    outputs: [{ name: 'y', ...tensor }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
}

/** y = x multiplied `times` times by a size x size matrix, FP32 [n, size]: as slow as a test needs. */
export function multiplyingModel(size: number, times: number): Uint8Array {
  const names = Array.from({ length: times - 1 }, (_, index) => `h${index}`);
  const steps = ['x', ...names, 'y'];
  const data = Buffer.from(new Float32Array(size * size).fill(1 / size).buffer);
  return makeOnnx({
    inputs: [{ name: 'x', type: 1, shape: ['n', size] }],
    outputs: [{ name: 'y', type: 1, shape: ['n', size] }],
    nodes: names
      .concat('y')
      .map((output, index) => ({ op: 'MatMul', inputs: [steps[index] ?? 'x', 'w'], outputs: [output] })),
    constants: [{ name: 'w', type: 1, shape: [size, size], data }],
  });
}

function nodeProto({ op, inputs, outputs }: MadeNode): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => field(1, text(name))),
    ...outputs.map((name) => field(2, text(name))),
    field(4, text(op)),
  ]);
}

function valueInfo({ name, type, shape }: MadeTensor): Buffer {
  const dims = shape.map((size) => field(1, typeof size === 'number' ? whole(1, size) : field(2, text(size))));
  const tensorType = Buffer.concat([whole(1, type), field(2, Buffer.concat(dims))]);
  return Buffer.concat([field(1, text(name)), field(2, field(1, tensorType))]);
}

function tensorProto({ name, type, shape, data }: MadeConstant): Buffer {
  return Buffer.concat([...shape.map((size) => whole(1, size)), whole(2, type), field(8, text(name)), field(9, data)]);
}

function text(value: string): Buffer {
  return Buffer.from(value);
}

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.byteLength), bytes]);
}

function whole(number: number, value: number): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
