import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { failed } from './transport-contract-talk.test-suite.ts';

const portCount = 8;
/** A network of the process' own, with that many ports, of which the server takes one. */
const fewPorts = [
  '-rn',
  'sh',
  '-c',
  `ip link set lo up && echo "50000 ${50_000 + portCount - 1}" > /proc/sys/net/ipv4/ip_local_port_range && exec "$@"`,
  'sh',
];
const possible = !execaSync('unshare', [...fewPorts, 'true'], { reject: false, stdio: 'ignore' }).failed;
const fixture = fileURLToPath(new URL('./fixtures/use-up-ports.ts', import.meta.url));

describe('a host without a port left', { skip: possible ? false : 'no network namespace can be made here' }, () => {
  for (const name of ['http', 'http-undici', 'grpc', 'grpc-js']) {
    it(`is told of as ports-exhausted by the transport ${name}`, () => {
      const { stdout } = execaSync('unshare', [...fewPorts, process.execPath, fixture, name], { timeout: 60_000 });
      const connected = Array(portCount - 1).fill({ kind: 'connected' });
      assert.deepEqual(JSON.parse(stdout), [...connected, failed('ports-exhausted', false)]);
    });
  }
});
