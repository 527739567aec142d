import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatCpuList } from '../../cpu-list.ts';
import { HostTree, recordedHosts } from './host-tree.fixture.ts';
import { type HostTopology, readTopology } from './topology.ts';

describe('the topology of a host', () => {
  const expected: Readonly<Record<string, string>> = {
    'adjacent siblings, one socket': '0-1 2-3 4-5 6-7 8-9 10-11 12-13 14-15 of nodes 0, allowed 0-15',
    'offset siblings, one socket':
      '0,16 1,17 2,18 3,19 4,20 5,21 6,22 7,23 8,24 9,25 10,26 11,27 12,28 13,29 14,30 15,31 of nodes 0, allowed 0-31',
    'adjacent siblings, two sockets': '0-1 2-3 4-5 6-7 8-9 10-11 12-13 14-15 of nodes 0-1, allowed 0-15',
    'offset siblings, two sockets':
      '0,16 1,17 2,18 3,19 4,20 5,21 6,22 7,23 8,24 9,25 10,26 11,27 12,28 13,29 14,30 15,31 of nodes 0-1, allowed 0-31',
    'a cpuset over two sockets':
      '0,16 1,17 2,18 3,19 4,20 5,21 6,22 7,23 8,24 9,25 10,26 11,27 12,28 13,29 14,30 15,31 of nodes 0-1, allowed 2-9,18-25',
    'a VM without topology files': '0 1 2 3 4 5 6 7 of nodes , allowed 0-7',
  };
  for (const [name, files] of Object.entries(recordedHosts)) {
    it(`is read of ${name}`, () => {
      using tree = new HostTree(files);
      const topology = readTopology(tree.root);
      assert.equal(inWords(topology), expected[name]);
      assert.equal(topology.siblingsKnown, name !== 'a VM without topology files');
    });
  }

  it('is found by socket and core where siblings are not told', () => {
    using tree = new HostTree({
      'sys/devices/system/cpu/online': '0-3\n',
      ...core(0, 0, 5),
      ...core(1, 1, 5),
      ...core(2, 0, 5),
      ...core(3, 1, 5),
    });
    assert.equal(inWords(readTopology(tree.root)), '0,2 1,3 of nodes , allowed 0-3');
  });

  it('takes each CPU for a core where the kernel says that it does not know', () => {
    using tree = new HostTree({
      'sys/devices/system/cpu/online': '0-1\n',
      'sys/devices/system/cpu/cpu0/topology/physical_package_id': '-1\n',
      'sys/devices/system/cpu/cpu0/topology/core_id': '-1\n',
    });
    const topology = readTopology(tree.root);
    assert.equal(inWords(topology), '0 1 of nodes , allowed 0-1');
    assert.equal(topology.siblingsKnown, false);
  });

  it('puts no CPU into two cores where lists contradict one another, and none that is offline', () => {
    const siblings = (cpu: number, list: string) => ({
      [`sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`]: list,
    });
    using tree = new HostTree({
      'sys/devices/system/cpu/online': '0-3',
      'proc/self/status': 'Cpus_allowed_list:\t0-7\n',
      ...siblings(0, '0-1,9'),
      ...siblings(1, '1-2'),
      ...siblings(2, '0,2'),
      ...siblings(3, 'a hostile \0 list'),
    });
    const topology = readTopology(tree.root);
    assert.deepEqual(topology.cores.flatMap(({ cpus }) => cpus).toSorted(), [0, 1, 2, 3]);
    assert.deepEqual(topology.allowed, [0, 1, 2, 3]);
  });

  it('is that of this host, with at least the CPU that this runs on', () => {
    const { allowed, cores, online } = readTopology();
    assert(allowed.length >= 1 && allowed.every((cpu) => online.includes(cpu)));
    assert.deepEqual(cores.flatMap(({ cpus }) => cpus).toSorted(), [...online].toSorted());
  });

  it('has at least one core of a host that tells nothing at all', () => {
    const { cores, allowed, siblingsKnown } = readTopology('/no/such/root');
    assert(cores.length >= 1 && allowed.length >= 1);
    assert.equal(siblingsKnown, false);
  });
});

function core(cpu: number, socket: number, id: number): Record<string, string> {
  const folder = `sys/devices/system/cpu/cpu${cpu}/topology`;
  return { [`${folder}/physical_package_id`]: `${socket}\n`, [`${folder}/core_id`]: `${id}\n` };
}

function inWords({ cores, allowed }: HostTopology): string {
  const nodes = cores.flatMap(({ node }) => node ?? []);
  return `${cores.map(({ cpus }) => formatCpuList(cpus)).join(' ')} of nodes ${formatCpuList(nodes)}, allowed ${formatCpuList(allowed)}`;
}
