import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeElements } from '../../kserve/tensors.ts';
import { CoreError } from './failures.ts';
import { parseInference } from './infer-request.ts';
import { jsonLimitBytes, parseJson } from './json-fields.ts';

const target = { modelName: 'm', modelVersion: '' };
const parse = (text: string) => parseInference(target, Buffer.from(text), Buffer.byteLength(text));

describe('the JSON of an inference', () => {
  it('is read twice at most, however many inputs hold integers that a double cannot', ({ mock }) => {
    const input = '{"name":"x","datatype":"INT64","shape":[1],"data":[9007199254740993]}';
    const reading = mock.method(JSON, 'parse');
    const { request } = parse(`{"inputs":[${Array(500).fill(input).join(',')}]}`);
    assert(reading.mock.callCount() <= 3, `read ${reading.mock.callCount()} times`);
    assert.equal(request.inputs.length, 500);
    for (const { datatype, data } of request.inputs)
      assert.deepEqual(decodeElements(datatype, data), [9007199254740993n]);
  });

  it('is refused where it is nested more deeply than can be read', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const input = '{"name":"x","datatype":"INT64","shape":[1],"data":[9007199254740993]}';
    for (const text of [
      `{"x":${deep},"inputs":[${input}]}`,
      `{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":${deep}}]}`,
    ]) {
      assert.throws(() => parse(text), CoreError);
    }
  });

  it('is refused before it is read where it takes more than 16 MiB', () => {
    const text = Buffer.alloc(jsonLimitBytes + 1, ' ');
    text.write('{}');
    assert.deepEqual(parseJson(text.subarray(0, jsonLimitBytes)), {});
    assert.throws(() => parseJson(text), { status: 'INVALID_ARG', message: /takes more than 16777216 bytes/ });
  });
});
