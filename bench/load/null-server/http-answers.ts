import { nullMetadata, nullModel, nullOutputs } from './null-model.ts';

const inferPath = `/v2/models/${nullModel}/infer`;

/** The whole answer to each request that the null server knows, by method and path. */
export const httpAnswers: ReadonlyMap<string, Buffer> = new Map([
  [`POST ${inferPath}`, inferAnswer()],
  ['GET /v2', json(200, nullMetadata.server)],
  ['GET /v2/health/live', json(200, {})],
  ['GET /v2/health/ready', json(200, {})],
  [`GET /v2/models/${nullModel}`, json(200, nullMetadata.model)],
  [`GET /v2/models/${nullModel}/ready`, json(200, {})],
  [`GET /v2/models/${nullModel}/config`, json(200, nullMetadata.config)],
  [`GET /v2/models/${nullModel}/stats`, json(200, nullMetadata.statistics)],
]);

export const httpNotFound = json(404, { error: 'the null server knows nothing of that' });
export const httpBadRequest = json(400, { error: 'the null server does not understand that' });

function inferAnswer(): Buffer {
  const outputs = nullOutputs.map(({ name, datatype, shape, data }) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: data.byteLength },
  }));
  const header = Buffer.from(JSON.stringify({ model_name: nullModel, model_version: '1', outputs }));
  return answer(200, Buffer.concat([header, ...nullOutputs.map(({ data }) => data)]), [
    'Content-Type: application/octet-stream',
    `Inference-Header-Content-Length: ${header.byteLength}`,
  ]);
}

function json(status: number, value: unknown): Buffer {
  return answer(status, Buffer.from(JSON.stringify(value)), ['Content-Type: application/json']);
}

function answer(status: number, body: Buffer, headers: readonly string[]): Buffer {
  const lines = [`HTTP/1.1 ${status} Null`, ...headers, `Content-Length: ${body.byteLength}`];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}
