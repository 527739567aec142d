import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostTree, recordedHosts } from '../engines/placement/host-tree.fixture.ts';
import { readTopology } from '../engines/placement/topology.ts';
import { readPowerFacts, topologyFacts } from './host-facts.ts';

const cpu = 'sys/devices/system/cpu';

describe('what the kernel tells of clocks and heat', () => {
  it('is read of every CPU and of the sensors of the processor alone', () => {
    using tree = new HostTree({
      [`${cpu}/cpu0/cpufreq/scaling_governor`]: 'performance\n',
      [`${cpu}/cpu1/cpufreq/scaling_governor`]: 'powersave\n',
      [`${cpu}/cpufreq/policy0/scaling_governor`]: 'ondemand\n',
      [`${cpu}/intel_pstate/no_turbo`]: '1\n',
      [`${cpu}/smt/active`]: '1\n',
      'sys/class/thermal/thermal_zone0/type': 'acpitz',
      'sys/class/thermal/thermal_zone0/temp': '99000',
      'sys/class/thermal/thermal_zone1/type': 'x86_pkg_temp',
      'sys/class/thermal/thermal_zone1/temp': '61000',
      'sys/class/hwmon/hwmon3/name': 'coretemp',
      'sys/class/hwmon/hwmon3/temp2_input': '63500',
      'sys/class/hwmon/hwmon3/temp2_crit': '100000',
    });
    assert.deepEqual(readPowerFacts(tree.root), {
      governor: 'performance, powersave',
      turbo: 'off',
      smt: 'on',
      temperatureC: 63.5,
    });
  });

  it('does not take the CPUs of a guest for whole cores', () => {
    const smtOf = (flags: string) => {
      using tree = new HostTree({
        [`${cpu}/smt/active`]: '0\n',
        'proc/cpuinfo': `processor : 0\nflags\t\t: fpu ${flags}\n`,
      });
      return readPowerFacts(tree.root).smt;
    };
    assert.deepEqual([smtOf('vme'), smtOf('vme hypervisor lahf_lm')], ['off', 'unknown']);
  });

  it('is unknown in a guest, whatever else there is', () => {
    using tree = new HostTree({
      [`${cpu}/cpu0/online`]: '1',
      [`${cpu}/cpufreq/boost`]: 'x',
      [`${cpu}/smt/active`]: '',
    });
    const nothing = { governor: 'unknown', turbo: 'unknown', smt: 'unknown', temperatureC: 'unknown' };
    assert.deepEqual(readPowerFacts(tree.root), nothing);
    assert.deepEqual(readPowerFacts('/no/such/root'), nothing);
  });
});

describe('the topology in a record', () => {
  const factsOf = (name: string) => {
    using tree = new HostTree(recordedHosts[name] ?? {});
    return topologyFacts(readTopology(tree.root));
  };

  it('has the CPUs of each node, and those that may be used', () => {
    assert.deepEqual(factsOf('a cpuset over two sockets'), {
      online: '0-31',
      allowed: '2-9,18-25',
      cores: 16,
      sockets: 2,
      nodes: { node0: '0-7,16-23', node1: '8-15,24-31' },
      siblingsKnown: true,
    });
  });

  it('does not count sockets that are not told', () => {
    const { sockets, nodes, siblingsKnown } = factsOf('a VM without topology files');
    assert.deepEqual([sockets, nodes, siblingsKnown], ['unknown', {}, false]);
  });
});
