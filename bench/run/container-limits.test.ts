import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostTree } from '../engines/placement/host-tree.fixture.ts';
import { readContainerLimits } from './container-limits.ts';

const v2 = 'sys/fs/cgroup';

describe('what a container allows', () => {
  it('is the tightest limit from its group up to the root, with cgroup v2', () => {
    const limits = limitsOf({
      'proc/self/cgroup': '0::/kubepods/pod1/c1\n',
      [`${v2}/cgroup.controllers`]: 'cpu memory cpuset\n',
      [`${v2}/kubepods/pod1/c1/cpu.max`]: 'max 100000\n',
      [`${v2}/kubepods/pod1/cpu.max`]: '250000 100000\n',
      [`${v2}/kubepods/cpu.max`]: '6400000 100000\n',
      [`${v2}/kubepods/pod1/c1/memory.max`]: '2147483648\n',
      [`${v2}/kubepods/pod1/memory.max`]: 'max\n',
      [`${v2}/kubepods/pod1/c1/cpuset.cpus.effective`]: '0-3,8\n',
    });
    assert.deepEqual(limits, { cgroup: 'v2', cpus: 2.5, memoryBytes: 2 ** 31, cpuset: '0-3,8' });
  });

  it('is nothing where nothing limits', () => {
    const limits = limitsOf({
      'proc/self/cgroup': '0::/',
      [`${v2}/cgroup.controllers`]: '',
      [`${v2}/cpu.max`]: 'max 100000',
      [`${v2}/memory.max`]: 'max',
      [`${v2}/cpuset.cpus.effective`]: '0-31',
    });
    assert.deepEqual(limits, { cgroup: 'v2', cpus: null, memoryBytes: null, cpuset: '0-31' });
  });

  it('is read with cgroup v1, where the path is that of the host and only the own group is to be seen', () => {
    const limits = limitsOf({
      'proc/self/cgroup': '4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n2:cpuset:/docker/abc\n0::/x\n',
      [`${v2}/cpu,cpuacct/cpu.cfs_quota_us`]: '150000\n',
      [`${v2}/cpu,cpuacct/cpu.cfs_period_us`]: '50000\n',
      [`${v2}/memory/memory.limit_in_bytes`]: '9223372036854771712\n',
      [`${v2}/cpuset/cpuset.cpus`]: '4-7\n',
    });
    assert.deepEqual(limits, { cgroup: 'v1', cpus: 3, memoryBytes: null, cpuset: '4-7' });
    const none = limitsOf({ 'proc/self/cgroup': '1:cpu:/a\n', [`${v2}/cpu/a/cpu.cfs_quota_us`]: '-1' });
    assert.deepEqual(none, { cgroup: 'v1', cpus: null, memoryBytes: 'unknown', cpuset: 'unknown' });
  });

  it('is unknown where nothing can be read, and never a number that is none', () => {
    const nothing = { cgroup: 'unknown', cpus: 'unknown', memoryBytes: 'unknown', cpuset: 'unknown' };
    assert.deepEqual(limitsOf({}), nothing);
    assert.deepEqual(readContainerLimits('/no/such/root'), nothing);
    const garbage = limitsOf({
      'proc/self/cgroup': 'x\n0::/../../../etc\n',
      [`${v2}/cgroup.controllers`]: 'cpu',
      [`${v2}/cpu.max`]: 'lots of it',
      [`${v2}/memory.max`]: '-5',
      [`${v2}/cpuset.cpus.effective`]: '',
    });
    assert.deepEqual(garbage, { ...nothing, cgroup: 'v2' });
  });

  it('is something or unknown on this host', () => {
    const { cpus, memoryBytes } = readContainerLimits();
    for (const limit of [cpus, memoryBytes]) assert(limit === null || limit === 'unknown' || limit > 0);
  });
});

function limitsOf(files: Readonly<Record<string, string>>) {
  using tree = new HostTree(files);
  return readContainerLimits(tree.root);
}
