import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCpuList } from '../../cpu-list.ts';
import { Failure } from '../../failure.ts';
import type { PlacementChoice } from '../../plan/plan.ts';
import { choosePlacement } from './choose.ts';
import { HostTree, recordedHosts } from './host-tree.fixture.ts';
import { type Core, type HostTopology, readTopology } from './topology.ts';

const tools = { taskset: true, numactl: true };
const auto = { kind: 'auto' } as const;

describe('the CPUs of server and client', () => {
  const expected: Readonly<Record<string, string>> = {
    'adjacent siblings, one socket': 'server 0-13, client 14-15',
    'offset siblings, one socket': 'server 0-13,16-29, client 14-15,30-31',
    'adjacent siblings, two sockets': 'server 0-13, client 14-15',
    'offset siblings, two sockets': 'server 0-13,16-29, client 14-15,30-31',
    // Eight cores may be used: six of the first node, two of the second. One core is the client's, of the node with the most.
    'a cpuset over two sockets': 'server 2-6,8-9,18-22,24-25, client 7,23',
    'a VM without topology files': 'server 0-6, client 7',
  };
  for (const [name, files] of Object.entries(recordedHosts)) {
    it(`are whole cores apart on ${name}`, () => {
      using tree = new HostTree(files);
      const placement = choosePlacement(auto, readTopology(tree.root), { tools, engine: 'local' });
      const { divided, because, server, client, splitCores, memoryNodes } = placement;
      assert.equal(`server ${server}, client ${client}`, expected[name]);
      assert.deepEqual([divided, because, splitCores, memoryNodes], [true, 'auto', false, null]);
    });
  }

  it('leave the server on one node, and its memory with it, where another has just the cores for the client', () => {
    const host = hostOf([...cores(0, 8, { node: 0 }), ...cores(8, 1, { node: 1 })]);
    const placement = choosePlacement(auto, host, { tools, engine: 'local' });
    assert.deepEqual([placement.server, placement.client, placement.memoryNodes], ['0-7', '8', '0']);
    const unbound = choosePlacement(auto, host, { tools: { ...tools, numactl: false }, engine: 'local' });
    assert.equal(unbound.memoryNodes, null);
  });

  it('are two cores for the client from 16 on', () => {
    for (const [count, own] of [
      [4, 1],
      [15, 1],
      [16, 2],
      [64, 2],
    ] as const) {
      const placement = choosePlacement(auto, hostOf(cores(0, count)), { tools, engine: 'docker' });
      assert.deepEqual([placement.clientCoreCount, placement.serverCoreCount], [own, count - own]);
    }
  });

  it('are shared where there are fewer than four cores, however many CPUs they have', () => {
    const host = hostOf([
      { cpus: [0, 3], socket: 0, node: 0 },
      { cpus: [1, 4], socket: 0, node: 0 },
      { cpus: [2, 5], socket: 0, node: 0 },
    ]);
    const { divided, because, server, client, narrowed } = choosePlacement(auto, host, { tools, engine: 'local' });
    assert.deepEqual([divided, because, server, client, narrowed], [false, 'few-cores', '0-5', '0-5', false]);
  });

  it('are shared where the plan says none, nothing can be bound, or the server is elsewhere', () => {
    const host = hostOf(cores(0, 8));
    const reasons = (asked: PlacementChoice, taskset: boolean, engine: string) =>
      choosePlacement(asked, host, { tools: { taskset, numactl: false }, engine }).because;
    assert.equal(reasons({ kind: 'none' }, true, 'local'), 'asked');
    assert.equal(reasons(auto, false, 'local'), 'no-taskset');
    assert.equal(reasons(auto, true, 'remote'), 'elsewhere');
  });

  it('are those of the lists, on a small host too, which may leave some out and split cores', () => {
    const host = hostOf([
      { cpus: [0, 1], socket: 0, node: 0 },
      { cpus: [2, 3], socket: 0, node: 0 },
    ]);
    const listed = (server: number[], client: number[]) =>
      choosePlacement({ kind: 'lists', server, client }, host, { tools, engine: 'local' });
    const whole = listed([0, 1], [2, 3]);
    assert.deepEqual([whole.divided, whole.because, whole.splitCores, whole.narrowed], [true, 'asked', false, true]);
    assert.equal(listed([0, 1, 2], [3]).splitCores, true);
    assert.equal(listed([0], [3]).splitCores, true);
  });

  it('are refused where lists name CPUs that may not be used, with those that may', () => {
    const host = { ...hostOf(cores(0, 8)), allowed: [2, 3, 4] };
    const asked = { kind: 'lists', server: [2, 3, 7], client: [4, 9000] } as const;
    assert.throws(
      () => choosePlacement(asked, host, { tools, engine: 'local' }),
      (error) => {
        assert(error instanceof Failure);
        assert.deepEqual([error.exitCode, error.message], [2, 'placement names CPUs that may not be used: 7,9000']);
        assert.match(error.hint ?? '', /may be used here: 2-4/);
        return true;
      },
    );
    const lists = { kind: 'lists', server: [2], client: [4] } as const;
    const without = { tools: { taskset: false, numactl: false }, engine: 'local' };
    assert.throws(() => choosePlacement(lists, host, without), /there is no taskset/);
    assert.throws(() => choosePlacement(lists, host, { tools, engine: 'remote' }), /a remote server is not placed/);
  });

  it('are disjoint, whole as far as they may be used, and all of what may be used, on any host', () => {
    fc.assert(
      fc.property(anyHost, (host) => {
        const { divided, server, client, clientCoreCount } = choosePlacement(auto, host, { tools, engine: 'local' });
        const [ofServer, ofClient] = [parseCpuList(server) ?? [], parseCpuList(client) ?? []];
        const usable = host.cores.filter(({ cpus }) => cpus.some((cpu) => host.allowed.includes(cpu)));
        assert.equal(divided, usable.length >= 4);
        if (!divided) return;
        assert.equal(clientCoreCount, usable.length >= 16 ? 2 : 1);
        assert(!ofServer.some((cpu) => ofClient.includes(cpu)));
        assert.deepEqual(
          [...ofServer, ...ofClient].toSorted((a, b) => a - b),
          host.allowed,
        );
        for (const { cpus } of usable) {
          const own = cpus.filter((cpu) => host.allowed.includes(cpu));
          assert(own.every((cpu) => ofServer.includes(cpu)) || own.every((cpu) => ofClient.includes(cpu)));
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

/** Cores of one thread each. */
function cores(from: number, count: number, place: Partial<Core> = {}): Core[] {
  return Array.from({ length: count }, (_, index) => ({ cpus: [from + index], socket: 0, node: 0, ...place }));
}

function hostOf(own: readonly Core[]): HostTopology {
  const online = own.flatMap(({ cpus }) => cpus).toSorted((a, b) => a - b);
  return { online, allowed: online, cores: own, siblingsKnown: true };
}

/** Up to 96 CPUs in cores of one to four threads over up to four nodes, of which some may be used. */
const anyHost: fc.Arbitrary<HostTopology> = fc
  .record({
    threads: fc.integer({ min: 1, max: 4 }),
    coreCount: fc.integer({ min: 1, max: 24 }),
    nodeCount: fc.integer({ min: 1, max: 4 }),
    offset: fc.boolean(),
    left: fc.infiniteStream(fc.boolean()),
    restricted: fc.boolean(),
  })
  .map(({ threads, coreCount, nodeCount, offset, left, restricted }) => {
    const own = Array.from({ length: coreCount }, (_, core): Core => {
      const cpus = Array.from({ length: threads }, (_, thread) =>
        offset ? core + thread * coreCount : core * threads + thread,
      );
      return { cpus, socket: core % nodeCount, node: core % nodeCount };
    });
    const host = hostOf(own);
    const allowed = restricted ? host.online.filter(() => left.next().value) : host.online;
    return { ...host, allowed: allowed.length === 0 ? host.online : allowed };
  });
