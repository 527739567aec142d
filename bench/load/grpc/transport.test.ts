import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { loadTransport, plainTarget, type Target } from '../transport.ts';
import { grpc } from './transport.ts';

const target = plainTarget({ host: '127.0.0.1', port: 1 }, 'm');

describe('the transport grpc', () => {
  it('is found by its name', async () => assert.equal(await loadTransport('grpc'), grpc));

  const refused: [string, Partial<Target>, RegExp][] = [
    ['TLS', { tls: { serverName: 'x', ca: null, certificate: null, key: null } }, /without TLS$/],
    ['compression', { compression: 'gzip' }, /without compression$/],
    ['a proxy', { proxy: 'http://user:secret@127.0.0.1:1' }, /without a proxy$/],
    ['metadata on two lines', { headers: [['x-token', 'secret\r\nx: y']] }, /x-token/],
    ['a name that is none', { headers: [[':path', '/']] }, /":path"/],
  ];
  for (const [what, part, message] of refused) {
    it(`refuses ${what}, and tells no secret`, () => {
      assert.throws(
        () => grpc.open({ ...target, ...part }, { shared: false }),
        (error) => {
          assert(error instanceof Failure);
          assert.equal(error.exitCode, 2);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message + error.hint, /secret/);
          return true;
        },
      );
    });
  }
});
