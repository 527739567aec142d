import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { encodeElements } from '../../kserve/tensors.ts';
import { plainTarget, type Target } from '../transport.ts';
import { encodeHttpRequest } from './request.ts';
import { http } from './transport.ts';

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

  it("carries the target's headers and asks for its version", () => {
    const target = plainTarget({ host: '127.0.0.1', port: 8000 }, 'm');
    const headers: Target['headers'] = [
      ['Authorization', 'Bearer x'],
      ['X-Tag', 'a'],
      ['X-Tag', 'b'],
    ];
    const text = encodeHttpRequest({ ...target, headers, modelVersion: '1/2' }, [input]).toString('latin1');
    const [head = ''] = text.split('\r\n\r\n');
    assert.match(head, /^POST \/v2\/models\/m\/versions\/1%2F2\/infer HTTP\/1\.1\r\nHost: 127\.0\.0\.1:8000\r\n/);
    assert.match(head, /\r\nAuthorization: Bearer x\r\nX-Tag: a\r\nX-Tag: b\r\nContent-Length: \d+$/);
  });

  it('names the host that its target names instead', () => {
    const target = plainTarget({ host: '127.0.0.1', port: 8000 }, 'm');
    const text = encodeHttpRequest({ ...target, headers: [['hOst', 'triton.test']] }, [input]).toString('latin1');
    assert.deepEqual(text.match(/host: .*/gi), ['hOst: triton.test']);
  });

  it('is not built with a header that would end it early', () => {
    const target = plainTarget({ host: '127.0.0.1', port: 8000 }, 'm');
    for (const headers of [[['A', 'b\r\nC: d']], [['Content-Length', '0']]] as const) {
      assert.throws(() => encodeHttpRequest({ ...target, headers }, [input]), Failure);
    }
  });

  it('is not built where the target needs more than plain sockets', () => {
    const target = plainTarget({ host: '127.0.0.1', port: 8000 }, 'm');
    for (const part of [{ compression: 'gzip' }, { proxy: 'http://user:canary@127.0.0.1:1' }] as const) {
      for (const use of [
        () => http.encode({ ...target, ...part }, [input]),
        () => http.open({ ...target, ...part }, { shared: false }),
      ]) {
        assert.throws(use, (error) => error instanceof Failure && !error.message.includes('canary'));
      }
    }
  });
});
