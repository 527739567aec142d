import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeElements } from '../../kserve/tensors.ts';
import { plainTarget } from '../transport.ts';
import { encodeHttpRequest } from './request.ts';

const input = { name: 'x', datatype: 'FP32', shape: [1], data: encodeElements('FP32', [1]) } as const;

describe('a prebuilt request', () => {
  it('is a whole HTTP/1.1 request with its lengths', () => {
    const text = encodeHttpRequest(plainTarget({ host: '127.0.0.1', port: 8000 }, 'm'), [input]).toString('latin1');
    const [head = '', body = ''] = text.split('\r\n\r\n');
    const [line, ...headers] = head.split('\r\n');
    assert.equal(line, 'POST /v2/models/m/infer HTTP/1.1');
    const json = body.slice(0, -4);
    assert.deepEqual(headers, [
      'Host: 127.0.0.1:8000',
      'Content-Type: application/octet-stream',
      `Inference-Header-Content-Length: ${json.length}`,
      `Content-Length: ${body.length}`,
    ]);
    assert.equal(JSON.parse(json).inputs[0].name, 'x');
    assert.equal(body.slice(-4), '\0\0\x80\x3f');
  });

  it('escapes the model and puts an IPv6 address in brackets', () => {
    const text = encodeHttpRequest(plainTarget({ host: '::1', port: 8000 }, 'a b\r\nX: y'), [input]).toString('latin1');
    assert.match(text, /^POST \/v2\/models\/a%20b%0D%0AX%3A%20y\/infer HTTP\/1\.1\r\nHost: \[::1\]:8000\r\n/);
  });
});
