import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import { remoteEngine } from '../engines/remote/engine.ts';
import { irisModel } from '../engines/staged-repository.ts';
import { Failure } from '../failure.ts';
import { makeAuthority } from '../testing/scripted-certificates.ts';
import { startRelay } from '../testing/scripted-relay.ts';
import { connectRemote, readRemote } from './remote.ts';
import { remoteChoice } from './remote-far-side.test-suite.ts';
import { RemotePlace, Wire, type WireMode } from './remote-place.test-suite.ts';
import { assertMessage } from './workplace.fixture.ts';

describe('a remote server that cannot be used', () => {
  let place: RemotePlace;
  before(async () => {
    place = await RemotePlace.begin();
  });
  after(() => place[Symbol.asyncDispose]());

  it('is told with what happened, on one line, and leaves no record', async () => {
    for (const [mode, message, hint] of [
      ['reset', /(nothing answers on|got no answer:) .*(ECONNRESET|hang up|closed)/, /./],
      ['truncate', /GET \/v2 on \S+ got no answer: aborted/, /./],
      ['huge', /GET \/v2 on \S+ got no answer: it is longer than 67108864 bytes/, /./],
      ['nonsense', /GET \/v2 on \S+ got no answer: Parse Error/, /./],
      ['gateway', /does not say what it is: 502 <h1>\\u\{1b\}\[31mno upstream<\/h1>/, /KServe v2 server/],
      ['informal', /GET \/v2 did not answer JSON/, /KServe v2 server/],
    ] as const satisfies [WireMode, RegExp, RegExp][]) {
      await using wire = await Wire.before(place.far.httpAddress.port);
      wire.mode = mode;
      const plan = place.plan({ engine: { kind: 'remote', http: `127.0.0.1:${wire.port}` } });
      const { code, stdout, stderr } = await place.run(['sweep', plan, '--out', 'run']);
      assert.deepEqual([code, stdout], [3, ''], `${mode}: ${stderr}`);
      assertMessage(stderr, message, hint);
      assert.deepEqual(place.records(), []);
    }
  });

  it('is given up where it says nothing, or no TLS', async () => {
    await using wire = await Wire.before(place.far.httpAddress.port);
    wire.mode = 'stall';
    for (const [http, hint] of [
      [`127.0.0.1:${wire.port}`, /listening on http:\S+\?$/],
      [`https://${place.http}`, /does it speak TLS there\?$/],
    ] as const) {
      const means = readRemote(remoteChoice({ http }), {});
      const connect = (signal: AbortSignal) => connectRemote(means, signal);
      const engine = remoteEngine({ connect, stateFolder: place.folder, env: {}, callTimeoutMs: 200 });
      await assert.rejects(engine.start({ repository: '', autoCompleteConfig: false }), (error) => {
        assert(error instanceof Failure);
        assert.match(error.message, /^GET \/v2 on \S+ got no answer: .*timeout/);
        assert.match(error.hint ?? '', hint);
        return true;
      });
    }
  });

  it('is told where nothing listens', async () => {
    const wire = await Wire.before(1);
    const { port } = wire;
    await wire[Symbol.asyncDispose]();
    const plan = place.plan({ engine: { kind: 'remote', http: `127.0.0.1:${port}` } });
    const { code, stderr } = await place.run(['sweep', plan, '--out', 'run']);
    assert.equal(code, 3);
    assertMessage(
      stderr,
      new RegExp(`nothing answers on 127\\.0\\.0\\.1:${port} \\(ECONNREFUSED\\)`),
      /where it listens for HTTP/,
    );
  });

  it('is not spoken to where its certificate is not the one it should have', async () => {
    const [ours, theirs] = [makeAuthority(), makeAuthority()];
    const ca = place.file('ca.pem', ours.certificate);
    for (const [issued, message] of [
      [theirs.issue('127.0.0.1'), /no TLS connection: .*(signature failure|unable to verify|issuer)/],
      [ours.issue('other.example'), /no TLS connection: .*(does not match|not in the cert)/],
    ] as const) {
      const tls = { cert: issued.certificate, key: issued.key, ALPNProtocols: ['http/1.1'] };
      await using relay = await startRelay(place.far.httpAddress.port, { tls });
      const engine = { kind: 'remote', http: `https://127.0.0.1:${relay.address.port}`, tls: { ca } };
      const { code, stderr } = await place.run(['sweep', place.plan({ engine }), '--out', 'run']);
      assert.equal(code, 3, stderr);
      assertMessage(stderr, message, /CA certificate, the server name and the client certificate/);
    }
  });

  it('has another model than the plan', async () => {
    cpSync(join(place.folder, 'models', irisModel), join(place.folder, 'models', 'other'), { recursive: true });
    const file = join(place.folder, 'models', 'other', 'config.pbtxt');
    writeFileSync(file, readFileSync(file, 'utf8').replace(irisModel, 'other'));
    const before = await place.served();
    const { code, stderr } = await place.run(['sweep', place.plan({ model: 'other' }), '--out', 'run']);
    assert.equal(code, 3, stderr);
    assertMessage(stderr, /^tritune: 127\.0\.0\.1:\d+ has no model other$/, /it has sklearn-onnx/);
    assert.equal(await place.served(), before);
    assert.deepEqual(place.records(), []);
  });
});

describe('a remote server whose models may not be changed', () => {
  it('is told with the flag that lets them, and is as it was; variants of the load alone need none', async () => {
    // The far engine starts its server with explicit control; a later flag of the same name counts.
    const far = embeddedEngine(process.env);
    await using place = await RemotePlace.begin(
      { ...far, start: (options) => far.start({ ...options, flags: ['--model-control-mode=none'] }) },
      [],
    );
    const before = await place.served();
    const { code, stderr } = await place.run(['sweep', place.plan(), '--out', 'run']);
    assert.equal(code, 3);
    assertMessage(
      stderr,
      /^tritune: model control is off on 127\.0\.0\.1:\d+: explicit model unload/,
      /--model-control-mode=explicit.*\n?.*differ in their load alone/,
    );
    assert.equal(await place.served(), before);
    assert.deepEqual(place.records(), []);
    const axes = place.plan({ variants: [{ id: 'four', load: { concurrency: 4 } }] });
    const ran = await place.run(['sweep', axes, '--out', 'axes']);
    assert([0, 4].includes(ran.code), ran.stderr);
  });
});
