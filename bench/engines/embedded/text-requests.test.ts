import assert from 'node:assert/strict';
import { it } from 'node:test';
import { StagedRepository } from '../staged-repository.ts';
import { readFlags, splitFlags } from './flags.ts';
import { GrpcClient } from './grpc-client.fixture.ts';
import { identityModel } from './onnx-model.fixture.ts';
import { startServing } from './serving.ts';

const onnxString = 8;
const incomplete = /incomplete string length indicator/;
const short = /expecting string of length \d+ but only \d+ bytes available/;
/** Texts whose lengths lie, how many elements they claim to be, and what is said of them. */
const lies: [string, string, number, RegExp][] = [
  ['a length beyond the data', '0500000061', 1, short],
  ['the greatest length there is', 'ffffffff61', 1, short],
  ['a length that is negative to those who read a sign', '0000008061', 1, short],
  ['a second length beyond the data', '010000006103000000626c', 2, short],
  [
    'a length that takes in the next element',
    '060000006101000000620100000063',
    3,
    /expected 3 string elements .* got 2/,
  ],
  ['half a length', '0100', 1, incomplete],
  ['a byte behind the last', '010000006100', 1, incomplete],
  ['an element too many', '01000000610100000062', 1, /unexpected number of string elements 2/],
  ['an element too few', '0100000061', 2, /expected 2 string elements .* got 1/],
  ['no element', '', 1, /expected 1 string elements .* got 0/],
];

it('texts whose lengths lie are refused over HTTP and gRPC, and the next are answered', async () => {
  using repository = new StagedRepository();
  repository.write('text/1/model.onnx', identityModel(onnxString));
  repository.write('text/config.pbtxt', 'max_batch_size: 8');
  const flags = [`--model-repository=${repository.path}`, '--http-port=0', '--grpc-port=0', '--allow-metrics=false'];
  const bugs: string[] = [];
  await using serving = await startServing(readFlags(splitFlags([...flags, '--exit-timeout-secs=0']), '/'), (line) => {
    if (line.startsWith('a bug')) bugs.push(line);
  });
  assert(serving.http !== undefined && serving.grpc !== undefined);
  const { port } = serving.http;
  using grpc = new GrpcClient(serving.grpc);
  const overHttp = async (data: Buffer, rows: number): Promise<{ status: number; text: string }> => {
    const parameters = { binary_data_size: data.byteLength };
    const json = JSON.stringify({ inputs: [{ name: 'x', datatype: 'BYTES', shape: [rows, 1], parameters }] });
    const answer = await fetch(`http://127.0.0.1:${port}/v2/models/text/infer`, {
      method: 'POST',
      headers: { 'Inference-Header-Content-Length': String(json.length) },
      body: Buffer.concat([Buffer.from(json), data]),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const overGrpc = (data: Buffer, rows: number) =>
    grpc.call('ModelInfer', {
      model_name: 'text',
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [String(rows), '1'] }],
      raw_input_contents: [data],
    });
  const right = Buffer.from('010000006100000000', 'hex');
  for (const [what, hex, rows, reason] of lies) {
    const data = Buffer.from(hex, 'hex');
    const http = await overHttp(data, rows);
    assert.deepEqual([http.status, reason.test(http.text)], [400, true], `${what}: ${http.text}`);
    const refused = await overGrpc(data, rows);
    assert(refused.code === 3 && 'details' in refused, what);
    assert.match(refused.details, reason);
    const answered = await overHttp(right, 2);
    assert.deepEqual([answered.status, JSON.parse(answered.text).outputs[0].data], [200, ['a', '']]);
    const called = await overGrpc(right, 2);
    assert(called.code === 0 && 'response' in called);
    assert.deepEqual(called.response.raw_output_contents, [right]);
  }
  assert.deepEqual(bugs, []);
});
