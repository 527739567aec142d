import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readFlags } from '../engines/embedded/flags.ts';
import { startServing } from '../engines/embedded/serving.ts';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import { makeAuthority } from '../testing/scripted-certificates.ts';
import { startRelay } from '../testing/scripted-relay.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { assertMeasured, load, loadJson, Scratch } from './load.fixture.ts';

const authority = makeAuthority();
const { certificate: cert, key } = authority.issue('localhost');

describe('the way of a load to its server', () => {
  it('goes over TLS and through a proxy, with HTTP and with gRPC, control calls too', async () => {
    using scratch = new Scratch();
    using repository = new StagedRepository();
    const flags = new Map([
      ['model-repository', [repository.path]],
      ...['http-port', 'grpc-port', 'metrics-port'].map((name): [string, string[]] => [name, ['0']]),
    ]);
    await using serving = await startServing(readFlags(flags, '/'), () => undefined);
    const ca = scratch.path('ca.pem');
    writeFileSync(ca, authority.certificate);
    const ways = [
      { port: serving.http?.port ?? 0, scheme: 'https', option: '--ssl-https-ca-certificates-file', alpn: 'http/1.1' },
      { port: serving.grpc?.port ?? 0, scheme: 'grpcs', option: '--ssl-grpc-root-certifications-file', alpn: 'h2' },
    ];
    for (const { port, scheme, option, alpn } of ways) {
      await using relay = await startRelay(port, { tls: { cert, key, ALPNProtocols: [alpn] } });
      await using proxy = await startRelay(relay.address.port, { proxy: { authorization: null } });
      const through = ['--proxy', `http://127.0.0.1:${proxy.address.port}`];
      const args = ['-m', irisModel, '-u', `${scheme}://localhost:${relay.address.port}`, option, ca];
      for (const more of [[], through]) {
        const ran = await loadJson([...args, ...more]);
        assertMeasured(ran);
        const { subject, levels } = ran.document;
        assert.equal(subject.transport, scheme === 'https' ? 'http-undici' : 'grpc-js');
        assert.equal(subject.tls, true);
        assert.equal(subject.server.name, 'tritune-embedded');
        assert((levels[0]?.server?.computeInferNs ?? 0) > 0, ran.stdout);
      }
      assert(proxy.asked.every((line) => line.startsWith('CONNECT localhost:')));
      assert(proxy.asked.length > 0);
    }
  });

  it('asks for a name that the certificate has', async () => {
    using scratch = new Scratch();
    await using server = await startScriptedServer({ steps: [{ holdMs: 2 }] });
    const other = authority.issue('other.test');
    await using relay = await startRelay(server.address.port, { tls: { cert: other.certificate, key: other.key } });
    const ca = scratch.path('ca.pem');
    writeFileSync(ca, authority.certificate);
    const args = [
      '-m',
      'scripted',
      '-u',
      `https://localhost:${relay.address.port}`,
      '--ssl-https-ca-certificates-file',
      ca,
    ];
    const refused = await load(args);
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /got no answer: no TLS connection/);
    assertMeasured(await loadJson([...args, '--ssl-server-name', 'other.test']));
  });

  it('needs no client but its own on plain sockets, and loads no other', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 2 }] });
    const script = `
      const { Command } = await import('commander');
      const { createRequire } = await import('node:module');
      const { loadCommand } = await import(${JSON.stringify(fileURLToPath(new URL('./load.ts', import.meta.url)))});
      const output = { write() {}, isTTY: false, columns: 80 };
      const host = { args: [], env: {}, cwd: '/', projectFolder: '/', stdout: output, stderr: output, signal: new AbortController().signal };
      const program = new Command().addCommand(loadCommand(host, () => {}));
      await program.parseAsync(['load', '-m', 'scripted', '-u', ${JSON.stringify(server.url)}, '-p', '100', '--warm-up', '10', '--threads', '1'], { from: 'user' });
      const packages = Object.keys(createRequire(import.meta.url).cache).map((file) => /node_modules\\/((@[^/]+\\/)?[^/]+)/.exec(file)?.[1]);
      console.log(JSON.stringify([...new Set(packages)].sort()));`;
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script], { cwd });
    const packages = JSON.parse(stdout) as string[];
    assert(packages.includes('hdr-histogram-js'), stdout);
    assert.deepEqual(
      packages.filter((name) => /undici|grpc|onnx|zod|yaml/.test(name)),
      [],
    );
    assert((await server.record()).answeredCount > 5);
  });
});
