import type { InferResponse } from './core.ts';
import type { HttpAnswer } from './http-message.ts';
import { jsonData } from './json-elements.ts';

/** An inference's answer: JSON, then the outputs that the client wants as raw bytes. @throws CoreError for FP16 and BF16 as JSON. */
export function inferenceAnswer(response: InferResponse, isBinary: (output: string) => boolean): HttpAnswer {
  const raw: Uint8Array[] = [];
  const outputs = response.outputs.map(({ name, datatype, shape, data }) => {
    const binary = isBinary(name);
    if (binary) raw.push(data);
    const content = binary
      ? `"parameters":{"binary_data_size":${data.byteLength}}`
      : `"data":${jsonData(datatype, data)}`;
    return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}],${content}}`;
  });
  const { id, modelName, modelVersion } = response;
  const named = `"model_name":${JSON.stringify(modelName)},"model_version":${JSON.stringify(modelVersion)}`;
  const head = Buffer.from(
    `{${id === '' ? '' : `"id":${JSON.stringify(id)},`}${named},"outputs":[${outputs.join(',')}]}`,
  );
  if (raw.length === 0) return { status: 200, contentType: 'application/json', body: [head] };
  return {
    status: 200,
    contentType: 'application/octet-stream',
    inferenceHeaderBytes: head.byteLength,
    body: [head, ...raw],
  };
}
