import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainTarget, type Target } from './transport.ts';
import { chooseTransport, needsConventional } from './transport-choice.ts';

const plain = plainTarget({ host: '127.0.0.1', port: 8000 }, 'm');
const tls = { serverName: 'triton.test', ca: null, certificate: null, key: null };
const both = (target: Target) => [chooseTransport('http', target), chooseTransport('grpc', target)];

describe('the transport of a target', () => {
  it('is the one on plain sockets, with headers and a version too', () => {
    assert.deepEqual(both(plain), ['http', 'grpc']);
    assert.deepEqual(both({ ...plain, headers: [['Authorization', 'x']], modelVersion: '3' }), ['http', 'grpc']);
  });

  const needs: [ReturnType<typeof needsConventional>, Partial<Target>][] = [
    ['TLS', { tls }],
    ['compression', { compression: 'gzip' }],
    ['compression', { compression: 'deflate' }],
    ['a proxy', { proxy: 'http://127.0.0.1:3128' }],
  ];
  for (const [need, part] of needs) {
    it(`is the conventional one of its protocol with ${need} (${JSON.stringify(part).slice(0, 30)})`, () => {
      assert.equal(needsConventional({ ...plain, ...part }), need);
      assert.deepEqual(both({ ...plain, ...part }), ['http-undici', 'grpc-js']);
    });
  }
});
