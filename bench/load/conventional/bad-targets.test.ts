import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { makeAuthority } from '../../testing/scripted-certificates.ts';
import { plainTarget, type Target, type TlsTarget } from '../transport.ts';
import { grpcJs } from './grpc-js.ts';
import { httpUndici } from './http-undici.ts';

const canary = 'canary-7f3a';
const authority = makeAuthority();
const own = authority.issue('client.test');
const foreign = authority.issue('client.test');
const none: TlsTarget = { serverName: 'triton.test', ca: null, certificate: null, key: null };
const broken = `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----\n`;
const brokenCertificate = `-----BEGIN CERTIFICATE-----\n${canary}\n-----END CERTIFICATE-----\n`;

const targets: [what: string, Partial<Target>, message: RegExp][] = [
  ['a CA that is no PEM text', { tls: { ...none, ca: canary } }, /^the CA certificate cannot be used$/],
  ['a CA that is broken', { tls: { ...none, ca: brokenCertificate } }, /^the CA certificate cannot be used$/],
  [
    'a certificate that is broken',
    { tls: { ...none, certificate: brokenCertificate, key: own.key } },
    /^the client certificate cannot be used/,
  ],
  ['a key that is broken', { tls: { ...none, certificate: own.certificate, key: broken } }, /^the key cannot be used/],
  [
    'a key that is no PEM text',
    { tls: { ...none, certificate: own.certificate, key: canary } },
    /^the key cannot be used/,
  ],
  [
    'the key of another certificate',
    { tls: { ...none, certificate: own.certificate, key: foreign.key } },
    /^the key cannot be used/,
  ],
  ['a certificate without its key', { tls: { ...none, certificate: own.certificate } }, /go together$/],
  ['a key without its certificate', { tls: { ...none, key: broken } }, /go together$/],
  ['a proxy that is no URL', { proxy: `//${canary}` }, /^the proxy is no URL$/],
  ['a proxy of another protocol', { proxy: `https://u:${canary}@127.0.0.1` }, /begins with http:\/\/$/],
  ['a proxy with a path', { proxy: `http://127.0.0.1/${canary}` }, /more than a host and a port$/],
  ['a proxy with a query', { proxy: `http://127.0.0.1/?${canary}` }, /more than a host and a port$/],
  [
    'a proxy with a password that is not escaped',
    { proxy: `http://u:${canary}%zz@127.0.0.1` },
    /not escaped as a URL has it$/,
  ],
  ['a header that ends early', { headers: [['X-Key', `${canary}\r\nA: b`]] }, /X-Key/],
  ["a header that is the request's own", { headers: [['Content-Length', canary]] }, /Content-Length/i],
];

for (const transport of [httpUndici, grpcJs]) {
  describe(`the transport ${transport.name} refuses`, () => {
    for (const [what, part, message] of targets) {
      it(`${what}, and tells no secret of it`, () => {
        const target = { ...plainTarget({ host: '127.0.0.1', port: 1 }, 'm'), ...part };
        const use = (): void => {
          transport.encode(target, []);
          transport.open(target, { shared: false })[Symbol.dispose]();
        };
        assert.throws(use, (error) => {
          assert(error instanceof Failure && error.exitCode === 2, String(error));
          assert.match(error.message, message);
          assert(![error.message, error.hint, error.stack, String(error.cause)].join().includes(canary));
          return true;
        });
      });
    }
  });
}
