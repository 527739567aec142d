import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import { KServeClient } from '../kserve/client.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const anyPorts = ['--http-port', '0', '--grpc-port=0', '--metrics-port=0'];
type Addresses = Record<'http' | 'grpc' | 'metrics', { host: string; port: number }>;

describe('tritune serve', () => {
  it('serves every model of a repository until Ctrl-C, and then ends well', async () => {
    using repository = new StagedRepository();
    const child = spawn(process.execPath, [main, 'serve', repository.path, ...anyPorts, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    child.stderr.on('data', (bytes) => {
      log += bytes;
    });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { http, metrics } = JSON.parse(line) as Addresses;
    const control = new KServeClient(`http://${http.host}:${http.port}`);
    assert.equal(await control.modelReady(irisModel), true);
    assert.equal((await control.serverMetadata()).name, 'tritune-embedded');
    assert.match(await (await fetch(`http://${metrics.host}:${metrics.port}/metrics`)).text(), /nv_inference_count\{/);
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0, log);
    assert.match(log, new RegExp(`Started http at ${http.host}:${http.port}`));
    await assert.rejects(control.serverMetadata());
  });

  it('says which port is taken, and exits with 3', async () => {
    using repository = new StagedRepository();
    await using holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    for (const flags of [
      ['--http-port', `${port}`, '--grpc-port=0'],
      ['--http-port=0', `--grpc-port=${port}`],
    ]) {
      const ended = await run(['serve', repository.path, ...flags, '--metrics-port=0', '--quiet']);
      assert.equal(ended.exitCode, 3);
      assert.match(ended.stderr, new RegExp(`^tritune: .*${port} already in use$`));
    }
  });

  it('refuses what is no flag or no value, with the nearest flag, and exits with 2', async () => {
    using repository = new StagedRepository();
    const cases: [string[], RegExp][] = [
      [['serve', repository.path, '--http-prot=1'], /--http-port/],
      [['serve', repository.path, '--http-port=none'], /whole number from 0 to 65535/],
      [['serve'], /--model-repository is missing/],
      [['serve', repository.path, '--model-repository=/x'], /named twice/],
      [['serve', repository.path, '--model-store=/x'], /named twice/],
      [['serve', repository.path, '--log-verbos=12345'], /--log-verbose\?/],
      [['serve', repository.path, '--disable-auto-complete-config=maybe'], /true or false/],
      [['serve', repository.path, '--model-control-mode=poll'], /not supported/],
    ];
    for (const [args, message] of cases) {
      const ended = await run(args);
      assert.equal(ended.exitCode, 2, args.join(' '));
      assert.match(ended.stderr, message);
    }
  });

  it('says that a repository is not there, and exits with 3', async () => {
    for (const args of [['/no/such/repository'], ['--disable-auto-complete-config', '/no/such/repository']]) {
      const ended = await run(['serve', ...args, ...anyPorts]);
      assert.equal(ended.exitCode, 3, ended.stderr);
      assert.match(ended.stderr, /no\/such\/repository/);
    }
  });
});

function run(args: string[]) {
  return execa(process.execPath, [main, ...args], { reject: false, timeout: 30_000 });
}
