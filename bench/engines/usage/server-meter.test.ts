import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EngineKind } from '../engine.ts';
import { FakeHost } from './host.fixture.ts';
import { meterServer } from './server-meter.ts';

const server = (kind: EngineKind, pid: number | undefined) => ({
  pid,
  identity: { kind, version: '1', backend: 'b', transferable: true },
});
const id = '0123456789abcdef'.repeat(4);

function host(cgroup = ''): FakeHost {
  const made = new FakeHost({ 'proc/10/cgroup': cgroup, 'proc/10/status': status(300), 'proc/11/status': status(20) });
  made.process(10, { threads: { 10: 1_000 } });
  made.process(11, { parent: 10, group: 10, threads: { 11: 50 } });
  made.process(12, { parent: 10, group: 12, threads: { 12: 7 } });
  return made;
}

function status(kibibytes: number): string {
  return `Name:\ta\nVmHWM:\t  999 kB\nVmRSS:\t  ${kibibytes} kB\n`;
}

describe('the meter of a server', () => {
  it('of this host is about all processes of its group, and not about what only watches over it', () => {
    for (const kind of ['local', 'embedded'] as const) {
      using fake = host();
      using meter = meterServer(server(kind, 10), fake.root);
      assert.deepEqual(
        [meter.clock?.source, meter.clock?.readNs(), meter.residentBytes()],
        ['threads', 1_050, 327_680],
      );
    }
  });

  for (const [version, cgroup, file, before, after] of [
    [
      '2, by systemd',
      `0::/system.slice/docker-${id}.scope\n`,
      `sys/fs/cgroup/system.slice/docker-${id}.scope/cpu.stat`,
      'usage_usec 5000\nuser_usec 1\n',
      'usage_usec 5250\n',
    ],
    [
      '2, by the daemon',
      `0::/docker/${id}\n`,
      `sys/fs/cgroup/docker/${id}/cpu.stat`,
      'usage_usec 5000\n',
      'usage_usec 5250\n',
    ],
    [
      '1',
      `4:memory:/docker/${id}\n3:cpu,cpuacct:/docker/${id}\n0::/\n`,
      `sys/fs/cgroup/cpuacct/docker/${id}/cpuacct.usage`,
      '5000000\n',
      '5250000\n',
    ],
  ] as const) {
    it(`in a container is that of its control group (version ${version})`, () => {
      using fake = host(cgroup);
      fake.write(file, before);
      using meter = meterServer(server('docker', 10), fake.root);
      assert.deepEqual([meter.clock?.source, meter.clock?.readNs()], ['cgroup', 5e6]);
      fake.write(file, after);
      assert.deepEqual([meter.clock?.readNs(), meter.residentBytes()], [5_250_000, 327_680]);
    });
  }

  it('in a container whose control group cannot be seen, or is not its own, is about all that it started', () => {
    const elsewhere = [
      '',
      '0::/\n',
      '0::/user.slice\n',
      `0::/../../docker/${id}\n`,
      `0::/docker/${id}\n`,
      `3:cpuacct:/docker/${id}\n`,
    ];
    for (const cgroup of elsewhere) {
      using fake = host(cgroup);
      fake.write('sys/fs/cgroup/cpu.stat', 'usage_usec 999\n');
      fake.write('sys/fs/cgroup/user.slice/cpu.stat', 'usage_usec 999\n');
      fake.write(`sys/fs/cgroup/cpuacct/docker/${id}/cpuacct.usage`, 'none\n');
      using meter = meterServer(server('docker', 10), fake.root);
      assert.deepEqual([meter.clock?.source, meter.clock?.readNs()], ['threads', 1_057], cgroup);
    }
  });

  it('knows nothing of a server that is no process of this host, or has ended', () => {
    using fake = host();
    for (const each of [server('remote', undefined), server('docker', undefined), server('local', 99)]) {
      using meter = meterServer(each, fake.root);
      assert.deepEqual([meter.clock, meter.residentBytes()], [null, null]);
    }
  });
});
