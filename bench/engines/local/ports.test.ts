import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { choosePorts } from './ports.ts';

describe('the ports of a local server', () => {
  it('are three that differ, each free to listen on', async () => {
    const { http, grpc, metrics } = await choosePorts({});
    assert.equal(new Set([http, grpc, metrics]).size, 3);
    for (const port of [http, grpc, metrics]) {
      await using holder = createServer().listen({ port, host: '127.0.0.1' });
      await once(holder, 'listening');
    }
  });

  it('are those given, and others for the rest', async () => {
    const { http } = await choosePorts({});
    const ports = await choosePorts({ http });
    assert.equal(ports.http, http);
    assert.notEqual(ports.grpc, http);
  });

  it('fail where a given one is taken, on every address or on loopback alone', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      await using holder = createServer().listen({ port: 0, host });
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      await assert.rejects(choosePorts({ grpc: port }), (error) => {
        assert(error instanceof Failure);
        assert.equal(error.code, 'port-in-use');
        assert.equal(error.exitCode, 3);
        assert.equal(error.message, `grpc port ${port} on 127.0.0.1 is already in use`);
        return true;
      });
    }
  });

  it('fail where one is given twice', async () => {
    const { http } = await choosePorts({});
    await assert.rejects(choosePorts({ http, grpc: http }), /grpc port/);
  });
});
