import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { parsePlan } from '../plan/parse.ts';
import type { Plan } from '../plan/plan.ts';
import { connectRemote, isWrapped, readRemote, serverKey } from './remote.ts';
import { remoteChoice } from './remote-far-side.test-suite.ts';
import { type RemoteWords, remoteWords, withRemote } from './remote-options.ts';
import { Wire } from './remote-place.test-suite.ts';

const { signal } = new AbortController();

describe('how a remote server is reached', () => {
  it('is with TLS where its URL says so, gRPC as HTTP unless it says otherwise', () => {
    for (const [http, grpc, secure] of [
      ['h:8000', 'h:8001', [false, false]],
      ['https://h', 'h:8001', [true, true]],
      ['https://h', 'grpc://h:8001', [true, false]],
      ['http://h', 'grpcs://h', [false, true]],
    ] as const) {
      const means = readRemote(remoteChoice({ http, grpc }), {});
      assert.deepEqual([means.http.isSecure, means.grpc?.isSecure], secure);
      assert.deepEqual([isWrapped(means, 'http'), isWrapped(means, 'grpc')], secure);
    }
  });

  it('is with the headers of variables and files, and those of TRITUNE_HEADERS that they do not replace', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'tritune-reach-'));
    const file = join(folder.path, 'token');
    writeFileSync(file, '  from-a-file\n\n');
    const headers = [
      { name: 'Authorization', source: { env: 'TOKEN' } },
      { name: 'X-File', source: { file } },
    ];
    const env = { TOKEN: 'Bearer a b', TRITUNE_HEADERS: 'authorization: no\nX-More: yes' };
    await using wire = await Wire.before(1);
    const http = `localhost:${wire.port}`;
    const { over, url, httpAddress } = await connectRemote(
      readRemote(remoteChoice({ http, grpc: http, headers }), env),
      signal,
    );
    const given = [
      ['X-More', 'yes'],
      ['Authorization', 'Bearer a b'],
      ['X-File', 'from-a-file'],
    ];
    // The name by which it was asked for, since it is connected to by its address.
    assert.deepEqual(over.http.headers, [...given, ['Host', http]]);
    assert.deepEqual(over.grpc.headers, given);
    assert.deepEqual([url, httpAddress.host], [`http://${http}`, '127.0.0.1']);
  });

  it('takes what was sent out of what comes back, as it is and as JSON has it', async () => {
    await using wire = await Wire.before(1);
    const headers = [{ name: 'A', source: { env: 'TOKEN' } }];
    const choice = remoteChoice({ http: `127.0.0.1:${wire.port}`, headers });
    const { clean } = await connectRemote(readRemote(choice, { TOKEN: 'Basic pass"word' }), signal);
    assert.equal(clean('x Basic pass"word y pass"word z pass\\"word'), 'x *** y *** z ***');
  });

  it('is through the proxy that the environment names, for other hosts alone', async () => {
    await using proxy = await Wire.before(1);
    const env = { http_proxy: `http://u:p@127.0.0.1:${proxy.port}` };
    const means = readRemote(remoteChoice({ http: 'triton.example:8000' }), env);
    assert.equal(isWrapped(means, 'http'), true);
    const { over, httpAddress } = await connectRemote(means, signal);
    assert.deepEqual([httpAddress.host, over.http.proxy], ['triton.example', `http://u:p@127.0.0.1:${proxy.port}/`]);
    assert.equal(isWrapped(readRemote(remoteChoice({ http: '127.0.0.1:8000' }), env), 'http'), false);
    assert.equal(
      isWrapped(readRemote(remoteChoice({ http: 'triton.example' }), { ...env, no_proxy: '*' }), 'http'),
      false,
    );
  });

  it('has a metrics page where one is named, which is asked for with the same headers', async () => {
    const seen: unknown[] = [];
    const server = createServer(({ url, headers }, response) => {
      seen.push(url, headers.authorization);
      response.end('up 1');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      await using wire = await Wire.before(1);
      const headers = [{ name: 'Authorization', source: { env: 'TOKEN' } }];
      for (const metrics of [`127.0.0.1:${port}`, `http://127.0.0.1:${port}/metrics`]) {
        const choice = remoteChoice({ http: `127.0.0.1:${wire.port}`, metrics, headers });
        const { metrics: page } = await connectRemote(readRemote(choice, { TOKEN: 'Bearer t' }), signal);
        assert.equal(page?.url, `http://127.0.0.1:${port}/metrics`);
        assert.equal(await (await page.send(page.url, {})).text(), 'up 1');
      }
      assert.deepEqual(seen, ['/metrics', 'Bearer t', '/metrics', 'Bearer t']);
    } finally {
      server.close();
    }
  });

  it('is reached all the same where nobody listens on its metrics page', async () => {
    const gone = await Wire.before(1);
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    await using wire = await Wire.before(1);
    const choice = remoteChoice({ http: `127.0.0.1:${wire.port}`, metrics: `127.0.0.1:${port}` });
    const { metrics } = await connectRemote(readRemote(choice, {}), signal);
    await assert.rejects(async () => metrics?.send(metrics.url, {}), Failure);
    assert.equal((await connectRemote(readRemote(remoteChoice({ http: choice.http }), {}), signal)).metrics, undefined);
  });

  it('is refused with certificates and no TLS, and with values that no header can have', async () => {
    const tls = { ca: 'ca.pem', certificate: null, key: null, serverName: null };
    assert.throws(() => readRemote(remoteChoice({ http: 'h', tls }), {}), /address is without TLS/);
    await using wire = await Wire.before(1);
    const headers = [{ name: 'A', source: { env: 'TOKEN' } }];
    const means = readRemote(remoteChoice({ http: `127.0.0.1:${wire.port}`, headers }), { TOKEN: 'hun\r\nter2: x' });
    await assert.rejects(connectRemote(means, signal), (error) => {
      assert(error instanceof Failure);
      assert.equal(error.exitCode, 2);
      assert.doesNotMatch(error.message, /hun|ter2/);
      return true;
    });
  });

  it('is known by one name, whatever means loopback', () => {
    for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '::1'])
      assert.equal(serverKey({ host, port: 1 }), '127.0.0.1:1');
    assert.equal(serverKey({ host: 'Triton.Example', port: 8000 }), 'triton.example:8000');
    assert.equal(serverKey({ host: 'fe80::1', port: 2 }), '[fe80::1]:2');
  });
});

describe('a remote server on the command line', () => {
  const host = { cwd: '/w', env: { T: 'secret-value' } };
  const asked = (words: RemoteWords, engine = 'auto'): Plan => withRemote(planOf(engine), words, host);

  it('comes before what the plan says, part by part', () => {
    const engine =
      '{ kind: remote, http: plan:1, grpc: plan:2, metrics: plan:3, headers: { A: { env: T }, B: { env: T } } }';
    const own = asked({ tlsServerName: 'n' }, engine.replace('plan:1', 'https://plan:1')).engine.remote;
    assert.deepEqual([own?.http, own?.grpc, own?.tls.serverName], ['https://plan:1', 'plan:2', 'n']);
    assert.equal(own?.metrics, 'plan:3');
    assert.equal(asked({ metricsUrl: 'line:3' }, engine).engine.remote?.metrics, 'line:3');
    const { kind, remote } = asked({ url: 'line:1', headerEnv: ['A=T'] }, engine).engine;
    assert.deepEqual([kind, remote?.http, remote?.grpc, remote?.metrics], ['remote', 'line:1', null, undefined]);
    assert.deepEqual(remote?.headers, [
      { name: 'B', source: { env: 'T' } },
      { name: 'A', source: { env: 'T' } },
    ]);
    assert.equal(asked({ url: 'h' }).engine.kind, 'remote');
    assert.equal(asked({}).engine.remote, null);
  });

  it('has load by clients that can do TLS, which the plan of the run then names', () => {
    const { load, variants } = asked({ url: 'https://h', grpcUrl: 'h' });
    assert.deepEqual(
      [load.protocol, variants.map((each) => each.load?.protocol)],
      ['http-undici', [undefined, 'grpc-js']],
    );
    assert.equal(asked({ url: 'h' }).load.protocol, 'http');
  });

  it('is repeated by the command that the record of a run has', () => {
    const words = { url: 'https://h', headerEnv: ['A=T', 'B=T'], headerFile: ['C=/run/a b'], tlsCa: 'ca.pem' };
    assert.deepEqual(remoteWords(words), [
      '--url https://h',
      '--tls-ca ca.pem',
      ...["--header-env 'A=T'", "--header-env 'B=T'"],
      "--header-file 'C=/run/a b'",
    ]);
  });

  it('is refused beside another engine, alone, and where a plan asks for what it cannot do', () => {
    for (const [words, engine, message] of [
      [{ url: 'h' }, 'local', /--url is about a remote server, and the engine is local/],
      [{ headerEnv: ['A=T'] }, 'remote', /there is no server for --header-env/],
      [{ url: 'h', tlsKey: 'k' }, 'auto', /certificate and its key go together/],
      [{ url: 'h' }, '{ kind: auto, flags: [--log-verbose=1] }', /engine\.flags: the flags of a remote server/],
      [{ url: 'h/path' }, 'auto', /--url: .*no user, path or query/],
      [{ url: 'h', grpcUrl: 'https://h' }, 'auto', /--grpc-url: /],
      [{ url: 'h', metricsUrl: 'h' }, 'auto', /--metrics-url: metrics is HOST:PORT/],
      [{ url: 'h', metricsUrl: 'http://u:p@h:1/metrics' }, 'auto', /--metrics-url: /],
    ] as const satisfies [RemoteWords, string, RegExp][]) {
      assert.throws(
        () => asked(words, engine),
        (error) => error instanceof Failure && error.exitCode === 2 && message.test(error.message),
      );
    }
  });
});

function planOf(engine: string): Plan {
  const text = `name: small
model: m
modelRepository: models
engine: ${engine}
load: { input: rows.csv }
variants:
  - { id: two, settings: { instance_group.count: 2 } }
  - { id: grpc, load: { protocol: grpc } }
`;
  return parsePlan(text, 'plan.yaml', '/w/plan.yaml');
}
