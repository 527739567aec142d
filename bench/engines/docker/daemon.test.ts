import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { daemonOf } from './daemon.ts';

const linux = ['20.10.24', 'linux', 'Debian GNU/Linux 12 (bookworm)', '[name=seccomp,profile=default]'];

describe('the network of containers', () => {
  it("is the host's where the daemon is one of this Linux host", () => {
    assert.deepEqual(daemonOf(linux.join('\n'), 'linux'), { version: '20.10.24', network: 'host' });
  });

  it('is published where the daemon has another loopback: in a machine of its own, rootless, or with users of its own', () => {
    for (const [info, platform] of [
      [linux, 'darwin'],
      [['28.2.2', 'linux', 'Docker Desktop', '[name=seccomp]'], 'linux'],
      [['28.2.2', 'linux', 'Ubuntu 24.04', '[name=seccomp,profile=builtin name=rootless]'], 'linux'],
      [['28.2.2', 'linux', 'Ubuntu 24.04', '[name=userns]'], 'linux'],
    ] as const) {
      const found = daemonOf(info.join('\n'), platform);
      assert('network' in found);
      assert.equal(found.network, 'published');
    }
  });

  it('is none where the daemon is silent, or runs other containers than Linux ones', () => {
    assert.deepEqual(daemonOf('\n\n\n', 'linux'), { missing: 'the Docker daemon does not answer' });
    assert.deepEqual(daemonOf('28.2.2\nwindows\nWindows\n[]', 'win32'), {
      missing: 'the Docker daemon runs windows containers',
    });
  });
});
