import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeAuthority } from '../../testing/scripted-certificates.ts';
import { startScriptedGrpc } from '../../testing/scripted-grpc.ts';
import { type Relay, type RelayOptions, startRelay } from '../../testing/scripted-relay.ts';
import { startScriptedServer } from '../../testing/scripted-server.ts';
import type { ErrorKind } from '../answers.ts';
import { loadTransport, type Target, type TlsTarget } from '../transport.ts';
import { Conversation, carry, eventually } from '../transport-contract-talk.test-suite.ts';

const authority = makeAuthority();
const server = authority.issue('triton.test');
const client = authority.issue('client.test');
const trusted: TlsTarget = { serverName: 'triton.test', ca: authority.certificate, certificate: null, key: null };
const serverOptions = { cert: server.certificate, key: server.key, ALPNProtocols: ['h2', 'http/1.1'] };
const strictOptions = { ...serverOptions, requestCert: true, rejectUnauthorized: true, ca: authority.certificate };

for (const name of ['http-undici', 'grpc-js'] as const) {
  describe(`the transport ${name}`, async () => {
    const transport = await loadTransport(name);
    let port = 0;
    let scripted: AsyncDisposable & { address: { port: number } };
    before(async () => {
      scripted = await (name === 'grpc-js' ? startScriptedGrpc({ steps: [{}] }) : startScriptedServer({ steps: [{}] }));
      port = scripted.address.port;
    });
    after(() => scripted[Symbol.asyncDispose]());

    const answers = async (relay: Relay, part: Partial<Target>): Promise<void> => {
      using carried = carry(transport, relay.address, part);
      using talk = await carried.open();
      for (let asked = 0; asked < 2; asked += 1) {
        assert.deepEqual(await talk.ask(carried.question()), { kind: 'answered', reusable: true, verified: true });
      }
    };
    const refuses = async (relay: Pick<Relay, 'address'>, part: Partial<Target>, kind: ErrorKind): Promise<void> => {
      using carried = carry(transport, relay.address, part);
      using talk = new Conversation(carried.carrier);
      let told = await talk.next();
      // In TLS 1.3 the client takes the connection for made before the server has looked at its certificate.
      if (told.kind === 'connected') told = await talk.ask(carried.question());
      assert.deepEqual(told, { kind: 'failed', error: kind, reusable: false });
      await delay(20);
      assert.deepEqual(talk.untaken, []);
    };

    it('speaks TLS to a server whose certificate the given authority issued for that name', async () => {
      await using relay = await startRelay(port, { tls: serverOptions });
      await answers(relay, { tls: trusted });
    });

    it('speaks TLS to a server that is named by its address', async () => {
      const { certificate, key } = authority.issue('127.0.0.1');
      await using relay = await startRelay(port, { tls: { ...serverOptions, cert: certificate, key } });
      await answers(relay, { tls: { ...trusted, serverName: '127.0.0.1' } });
    });

    it('shows its own certificate to a server that asks for one', async () => {
      await using relay = await startRelay(port, { tls: strictOptions });
      await answers(relay, { tls: { ...trusted, certificate: client.certificate, key: client.key } });
    });

    const failures: [what: string, RelayOptions, TlsTarget][] = [
      [
        'certificate that another authority issued',
        { tls: serverOptions },
        { ...trusted, ca: makeAuthority().certificate },
      ],
      ['certificate that no known authority issued', { tls: serverOptions }, { ...trusted, ca: null }],
      ['certificate for another name', { tls: serverOptions }, { ...trusted, serverName: 'other.test' }],
      ['server that wants a certificate of the client', { tls: strictOptions }, trusted],
      ['server of old TLS alone', { tls: { ...strictOptions, maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' } }, trusted],
    ];
    for (const [what, options, tls] of failures) {
      it(`tells of a ${what} as tls`, async () => {
        await using relay = await startRelay(port, options);
        await refuses(relay, { tls }, 'tls');
      });
    }

    it('tells of a server without TLS as tls', async () => {
      await using other = await babbler();
      await refuses({ address: { host: '127.0.0.1', port: other.port } }, { tls: trusted }, 'tls');
    });

    for (const tls of [null, trusted]) {
      it(`goes through a proxy ${tls === null ? 'as it is' : 'with TLS'}, with the user that its URL names`, async () => {
        const authorization = `Basic ${Buffer.from('me:s€cret').toString('base64')}`;
        await using relay = await startRelay(port, tls === null ? {} : { tls: serverOptions });
        await using proxy = await startRelay(relay.address.port, { proxy: { authorization } });
        await answers(relay, { tls, proxy: `http://me:s%E2%82%ACcret@127.0.0.1:${proxy.address.port}` });
        const tunnelled = tls !== null || name === 'grpc-js';
        assert.equal(proxy.asked.length, 1);
        assert.match(
          proxy.asked[0] ?? '',
          tunnelled ? /^CONNECT 127\.0\.0\.1:\d+ HTTP/ : /^POST http:\/\/127\.0\.0\.1:\d+\/v2\//,
        );
      });
    }

    it('tells of a proxy that refuses, that speaks something else, or that is not there', async () => {
      await using relay = await startRelay(port, { tls: serverOptions });
      await using proxy = await startRelay(port, { proxy: { authorization: 'Basic x' } });
      await using other = await babbler();
      for (const proxyPort of [proxy.address.port, other.port, 1]) {
        await refuses(relay, { tls: trusted, proxy: `http://127.0.0.1:${proxyPort}` }, 'connect');
      }
    });

    for (const part of [{ tls: trusted }, { tls: trusted, proxy: 'http://127.0.0.1:PORT' }, {}] as const) {
      it(`gives up connecting through ${JSON.stringify(Object.keys(part))} without a socket left`, async () => {
        const silent = await listen(() => undefined);
        const { port: silentPort } = silent.address() as { port: number };
        for (const waitMs of [0, 5, 40]) {
          const full = 'proxy' in part ? { ...part, proxy: part.proxy.replace('PORT', `${silentPort}`) } : part;
          using carried = carry(transport, { host: '127.0.0.1', port: silentPort }, full);
          const talk = new Conversation(carried.carrier);
          await delay(waitMs);
          talk.channel.destroy();
          await delay(40);
          assert.deepEqual(
            talk.untaken.filter(({ kind }) => kind !== 'connected'),
            [],
          );
          await eventually('it is closed', async () => (await countOf(silent)) === 0);
        }
        silent.close();
      });
    }
  });
}

async function listen(accept: (socket: Socket) => void): Promise<Server> {
  const listening = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    accept(socket);
  }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return listening;
}

function countOf(listening: Server): Promise<number> {
  return new Promise((resolve) => listening.getConnections((_error, count) => resolve(count)));
}

/** Speaks neither HTTP nor TLS. */
async function babbler(): Promise<AsyncDisposable & { port: number }> {
  const listening = await listen((socket) => socket.end('220 mail\r\n\r\n'));
  const { port } = listening.address() as { port: number };
  return { port, [Symbol.asyncDispose]: async () => void listening.close() };
}
