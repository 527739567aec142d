import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeAuthority } from '../testing/scripted-certificates.ts';
import { startRelay } from '../testing/scripted-relay.ts';
import { projectFolder } from './host.fixture.ts';
import { RemotePlace } from './remote-place.test-suite.ts';
import { assertMessage } from './workplace.fixture.ts';

const canary = 'canary-8f14e45f"ceea';
const input = join(projectFolder, 'data/test_data.csv');

describe('a secret that a remote server wants', () => {
  it('goes with every request over TLS, and is found nowhere else: not in files, output or the process list', async () => {
    await using place = await RemotePlace.begin();
    const before = await place.served();
    await using gateway = await Gateway.before(place);
    const secured = gateway.issuer.issue('127.0.0.1');
    const tls = { cert: secured.certificate, key: secured.key, ALPNProtocols: ['h2'] };
    await using relay = await startRelay(place.far.grpcAddress?.port ?? 0, { tls });
    const ca = place.file('ca.pem', gateway.issuer.certificate);
    const client = gateway.issuer.issue('someone');
    const engine = {
      kind: 'remote',
      http: `https://127.0.0.1:${gateway.port}`,
      grpc: `127.0.0.1:${relay.address.port}`,
      tls: { ca, certificate: place.file('own.pem', client.certificate), key: place.file('own.key', client.key) },
      headers: { Authorization: { env: 'TRITON_TOKEN' }, 'X-Other': { file: 'other.secret' } },
    };
    place.file('other.secret', `${canary}-file\n`);
    const env = { TRITON_TOKEN: `Bearer ${canary}` };
    const broken = { id: 'broken', settings: { backend: 'nope' } };
    for (const protocol of ['http', 'grpc']) {
      const load = { protocol, concurrency: 2, input };
      const variants = [{ id: 'count-2', settings: { 'instance_group.count': 2 } }, broken];
      const running = place.start(
        ['sweep', place.plan({ engine, load, variants }), '--out', `run-${protocol}`, '--json'],
        env,
      );
      const seen = await commandLinesUntil(running);
      const { exitCode, stdout, stderr } = await running;
      assert([0, 4].includes(exitCode ?? -1), stderr);
      const { plan, variants: told } = JSON.parse(stdout);
      assert.equal(plan.load.protocol, protocol === 'http' ? 'http-undici' : 'grpc-js');
      const { status, reason } = told.find(({ id }: { id: string }) => id === 'broken');
      // The gateway repeats what it was sent in each error.
      assert.deepEqual([status, /\*\*\*/.test(reason)], ['refused', true], reason);
      for (const text of [stdout, stderr, ...seen]) assert(!text.includes('canary-8f14e45f'));
    }
    assert.deepEqual([gateway.refusedCount, gateway.takenCount > 100], [0, true]);
    assert.deepEqual(place.filesWith('canary-8f14e45f', 'other.secret'), []);
    assert.equal(await place.served(), before);
  });

  it('is named where it is missing, and where a server does not take it', async () => {
    await using place = await RemotePlace.begin();
    await using gateway = await Gateway.before(place);
    const ca = place.file('ca.pem', gateway.issuer.certificate);
    const http = `https://127.0.0.1:${gateway.port}`;
    const headers = { Authorization: { env: 'TRITON_TOKEN' } };
    const { certificate, key } = gateway.issuer.issue('someone');
    const tls = { ca, certificate: place.file('own.pem', certificate), key: place.file('own.key', key) };
    const plan = place.plan({ engine: { kind: 'remote', http, tls, headers } });
    const missing = await place.run(['sweep', plan, '--out', 'run']);
    assert.equal(missing.code, 2);
    assertMessage(
      missing.stderr,
      /^tritune: the variable TRITON_TOKEN, which holds the header Authorization, is not set$/,
      /TRITON_TOKEN=\.\.\./,
    );
    const wrong = await place.run(['sweep', plan, '--out', 'run'], { TRITON_TOKEN: 'Bearer wrong-canary' });
    assert.equal(wrong.code, 3, wrong.stderr);
    assertMessage(wrong.stderr, /does not say what it is: 401 .*\*\*\*/, /headers of the engine say who you are/);
    assert(!wrong.stderr.includes('wrong-canary'));
    const nobody = place.plan({ engine: { kind: 'remote', http, tls: { ca }, headers } });
    const uncertified = await place.run(['sweep', nobody, '--out', 'run'], { TRITON_TOKEN: `Bearer ${canary}` });
    assert.equal(uncertified.code, 3);
    assertMessage(
      uncertified.stderr,
      /^tritune: no TLS connection: the server ended it \(alert certificate required\)$/,
      /the client certificate/,
    );
    const file = place.plan({ engine: { kind: 'remote', http, tls, headers: { A: { file: 'none' } } } });
    const gone = await place.run(['sweep', file, '--out', 'run']);
    assertMessage(gone.stderr, /none cannot be read: ENOENT/);
  });

  it('is kept out of what commands say where it is put into a URL or on the command line', async () => {
    await using place = await RemotePlace.begin();
    for (const [engine, message] of [
      [
        { kind: 'remote', http: `http://user:${canary}@${place.http}` },
        /plan\.yaml:\d+:\d+: engine\.http: .*no user, path or query/,
      ],
      [{ kind: 'remote', http: `http://${place.http}/?token=${canary}` }, /no user, path or query/],
      [{ kind: 'remote', http: place.http, headers: { Authorization: `Bearer ${canary}` } }, /\{ env: VARIABLE \}/],
    ] as const) {
      const { code, stderr } = await place.run(['sweep', place.plan({ engine }), '--out', 'run']);
      assert.equal(code, 2);
      assertMessage(stderr, message);
      assert(!stderr.includes('8f14e45f'));
    }
    const plan = place.plan({ engine: 'remote' });
    for (const [words, message] of [
      [['--url', `http://user:${canary}@${place.http}`], /--url: .*no user, path or query/],
      [['--url', `${place.http}/?token=${canary}`], /--url: .*no user, path or query/],
      [
        ['--url', place.http, '--header-env', `Authorization=Bearer ${canary}`],
        /--header-env names no header and variable/,
      ],
      [['--url', place.http, '--header-env', `Authorization: ${canary}`], /--header-env names no header and variable/],
    ] as const) {
      const { code, stderr } = await place.run(['sweep', plan, '--out', 'run', ...words]);
      assert.equal(code, 2, stderr);
      assertMessage(stderr, message);
      assert(!stderr.includes('8f14e45f'));
    }
    assert.deepEqual(
      readdirSync(place.folder).filter((name) => name === 'run'),
      [],
    );
  });
});

/** Reads the command lines of all processes of this user while one runs. */
async function commandLinesUntil(running: Promise<unknown>): Promise<string[]> {
  const seen = new Set<string>();
  let ended = false;
  const end = running.finally(() => {
    ended = true;
  });
  while (!ended) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(join('/proc', pid, 'cmdline'), 'utf8'));
      } catch {
        // It ended meanwhile.
      }
    }
    await Promise.race([end, delay(300)]);
  }
  return [...seen];
}

/** What stands before a server in many places: TLS with a client certificate, and a token, which it repeats in its errors. */
class Gateway implements AsyncDisposable {
  port = 0;
  refusedCount = 0;
  takenCount = 0;
  readonly issuer = makeAuthority();
  readonly #server: ReturnType<typeof createServer>;
  readonly #to: number;

  static async before(place: RemotePlace): Promise<Gateway> {
    const gateway = new Gateway(place.far.httpAddress.port);
    await new Promise<void>((resolve) => gateway.#server.listen(0, '127.0.0.1', resolve));
    gateway.port = (gateway.#server.address() as { port: number }).port;
    return gateway;
  }

  private constructor(to: number) {
    this.#to = to;
    const { certificate: cert, key } = this.issuer.issue('127.0.0.1');
    const options = { cert, key, ca: this.issuer.certificate, requestCert: true, rejectUnauthorized: true };
    this.#server = createTlsServer(options, (asked, answer) => this.#serve(asked, answer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(asked: IncomingMessage, answer: ServerResponse): void {
    const { authorization = '', 'x-other': other = '' } = asked.headers;
    if (authorization !== `Bearer ${canary}` || other !== `${canary}-file`) {
      this.refusedCount += 1;
      answer.writeHead(401).end(JSON.stringify({ error: `who is ${authorization}?` }));
      return;
    }
    this.takenCount += 1;
    const { method, url: path, headers } = asked;
    const onward = request({ host: '127.0.0.1', port: this.#to, method, path, headers }, (told) => {
      const pieces: Buffer[] = [];
      told.on('data', (piece: Buffer) => pieces.push(piece));
      told.on('end', () => {
        const body = Buffer.concat(pieces);
        const {
          statusCode: status = 500,
          headers: { 'content-length': _, ...rest },
        } = told;
        if (status < 400) answer.writeHead(status, rest).end(body);
        else
          answer
            .writeHead(status, { 'content-type': 'application/json' })
            .end(JSON.stringify({ error: `${body} for ${authorization}` }));
      });
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  }
}
