import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../failure.ts';
import { isLoopback, parseServerName, resolveServer, type ServerName } from './load-address.ts';
import { chooseProxy, proxyText, resolveProxy } from './load-proxy.ts';

const named = (text: string | undefined, asked?: 'http' | 'grpc'): string => {
  const { protocol, isSecure, host, port } = parseServerName(text, asked);
  return `${protocol}${isSecure ? ' TLS' : ''} ${host} ${port}`;
};

describe('the address of a server', () => {
  it('is a host, a host with a port or a URL, with the ports of Triton', () => {
    assert.equal(named(undefined), 'http localhost 8000');
    assert.equal(named(undefined, 'grpc'), 'grpc localhost 8001');
    assert.equal(named('triton.test'), 'http triton.test 8000');
    assert.equal(named('127.0.0.1:9'), 'http 127.0.0.1 9');
    assert.equal(named('[::1]:9', 'grpc'), 'grpc ::1 9');
    assert.equal(named('http://a:80/'), 'http a 80');
    assert.equal(named('https://a'), 'http TLS a 443');
    assert.equal(named('http://a'), 'http a 80');
    assert.equal(named('grpc://a'), 'grpc a 8001');
    assert.equal(named('GRPCS://a:7'), 'grpc TLS a 7');
  });

  it('is refused with its reason and without its text where it is something else', () => {
    for (const text of [
      '',
      ':8000',
      'ftp://a',
      'a:99999',
      'a/b',
      'a?b',
      'a#b',
      'u@a',
      'u:p@a:1',
      'grpc://',
      'http:///',
      'a b',
    ]) {
      assert.throws(
        () => parseServerName(text, undefined),
        (error) => {
          assert(error instanceof Failure, text);
          assert.equal(error.exitCode, 2);
          return true;
        },
      );
    }
  });

  it('is parsed or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        try {
          const { port } = parseServerName(text, undefined);
          return Number.isInteger(port) && port >= 0 && port <= 65_535;
        } catch (error) {
          return error instanceof Failure;
        }
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });

  it('is one of this host or not', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'])
      assert.equal(isLoopback(address), true);
    for (const address of [
      '10.0.0.1',
      '192.168.1.1',
      '::',
      '0.0.0.0',
      '127.0.0.1.evil.test',
      '::ffff:7e00:1',
      '::ffff:7f0:1',
      'fe80::1',
      'localhost',
    ]) {
      assert.equal(isLoopback(address), false, address);
    }
  });
});

describe('resolving a server', () => {
  const options = { allowRemote: false, signal: new AbortController().signal };

  it('finds localhost where it listens, on IPv4 or on IPv6 alone', async (context) => {
    for (const host of ['127.0.0.1', '::1']) {
      const server = createServer((socket) => socket.destroy());
      server.listen(0, host);
      const listening = await Promise.race([
        once(server, 'listening').then(() => true),
        once(server, 'error').then(() => false),
      ]);
      if (!listening) {
        context.diagnostic(`this host has no ${host}`);
        continue;
      }
      const { port } = server.address() as AddressInfo;
      const found = await resolveServer({ host: 'localhost', port }, options).catch((error: Failure) => error.code);
      server.close();
      // A host may give localhost no address of IPv6.
      assert(found === host || (host === '::1' && found === 'no-server'), String(found));
    }
  });

  it('takes an IPv4 address of this host in the form of IPv6', () => {
    assert.equal(isLoopback(parseServerName('[::ffff:127.0.0.1]:8000', undefined).host), true);
  });

  it('is ended by its signal while a name is looked for, and afterwards before anything else is said', async () => {
    const ended = new Failure('interrupted', 'interrupted', 'interrupted');
    const at = { host: 'a.triton.test', port: 1 };
    for (const lookUp of [
      () => new Promise<never>(() => undefined),
      async (controller: AbortController) => {
        controller.abort(ended);
        return [{ address: '192.0.2.1', family: 4 }];
      },
    ]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(ended), 20);
      const found = resolveServer(at, { ...options, signal: controller.signal, lookUp: () => lookUp(controller) });
      await assert.rejects(found, (error) => error === ended);
    }
  });

  it('refuses another host without asking it', async () => {
    await assert.rejects(resolveServer({ host: '192.0.2.1', port: 1 }, options), { exitCode: 2, code: 'remote' });
  });
});

describe('the proxy of a load', () => {
  const remote: ServerName = { protocol: 'http', isSecure: false, host: 'a.triton.test', port: 8000 };
  const env = { http_proxy: 'http://plain:1', HTTPS_PROXY: 'http://secure:2' };

  it('is the one asked for, else that of the environment for other hosts', () => {
    assert.equal(chooseProxy('http://asked:3', { ...remote, host: 'localhost' }, env), 'http://asked:3');
    assert.equal(chooseProxy(undefined, remote, env), 'http://plain:1');
    assert.equal(chooseProxy(undefined, { ...remote, isSecure: true }, env), 'http://secure:2');
    assert.equal(chooseProxy(undefined, { ...remote, protocol: 'grpc' }, env), 'http://secure:2');
    assert.equal(chooseProxy(undefined, remote, { ALL_PROXY: 'http://all:4' }), 'http://all:4');
    assert.equal(chooseProxy(undefined, remote, {}), null);
    for (const host of ['localhost', '127.0.0.1', '::1'])
      assert.equal(chooseProxy(undefined, { ...remote, host }, env), null);
  });

  it('is none for what no_proxy names', () => {
    const of = (list: string): string | null => chooseProxy(undefined, remote, { ...env, no_proxy: list });
    for (const list of ['*', 'a.triton.test', '.triton.test', 'triton.test', 'x, test', 'a.triton.test:8000'])
      assert.equal(of(list), null, list);
    for (const list of ['', 'riton.test', 'b.triton.test', 'a.triton.test:8001'])
      assert.equal(of(list), 'http://plain:1', list);
  });

  it('keeps what it asks for when its name is resolved, and shows none of it', async () => {
    await using server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const proxy = `http://me:secret@localhost:${port}`;
    const resolved = await resolveProxy(proxy, { allowRemote: false, signal: new AbortController().signal });
    assert.equal(resolved, `http://me:secret@127.0.0.1:${port}/`);
    assert.equal(proxyText(proxy), `localhost:${port}`);
  });
});
