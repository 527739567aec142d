/** Requests that the embedded server answers in another way than Triton, and why that stays; docs/embedded.md says it in words. */
export const differingHttp: Readonly<Record<string, string>> = {
  'GET /v2/models/sklearn-onnx/generate': 'there is no generate extension',
  'GET /v2/logging': 'there is no logging extension',
  'GET /v2/models/sklearn-onnx/trace/setting': 'there is no trace extension',
  'HEAD /v2/health/live': 'Triton sends a body, which HEAD may not have',
  'HEAD /v2/models/sklearn-onnx': 'Triton sends a body, which HEAD may not have',
  'binary, header length 0': "the input's own name in place of raw_input",
  'binary, header length of text': "the input's own name in place of raw_input",
  'gather, 2 as a float': 'a JSON number with a point that is whole passes for an integer',
  'broken JSON: empty body': "the input's own name in place of raw_input",
  'broken JSON: NaN': 'NaN is not JSON; raw tensors carry it',
  'broken JSON: a key twice': 'the last of two counts, not the first',
  'load, an unknown parameter': 'says which one',
  'load, a file': 'a load takes no files',
  'load with dependents': 'says which one',
};

export const differingGrpc: Readonly<Record<string, string>> = {
  'a huge dimension': 'refused before it reaches the runtime',
  'unknown datatype': 'refused before the model is looked at',
  'no datatype': 'refused before the model is looked at',
};
