import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { choosePlacement } from '../engines/placement/choose.ts';
import { HostTree, recordedHosts } from '../engines/placement/host-tree.fixture.ts';
import { readTopology } from '../engines/placement/topology.ts';
import type { PlacementChoice } from '../plan/plan.ts';
import { checkConfigs } from './config-checks.ts';
import {
  checkDisk,
  checkGovernor,
  checkNoiseFloor,
  checkOthers,
  checkPlacement,
  checkQuota,
  checkStrain,
} from './host-checks.ts';

const power = { governor: 'performance', turbo: 'off', smt: 'on', temperatureC: 51.4 } as const;
const strain = { stealRatio: 0, cpuPressureRatio: 0, memoryPressureRatio: 0, ioPressureRatio: 0 };

describe('what the doctor says of a host', () => {
  it('is never ok of what a guest cannot see', () => {
    const unseen = [
      checkGovernor({ governor: 'unknown', turbo: 'unknown', smt: 'unknown', temperatureC: 'unknown' }),
      ...checkStrain({ ...strain, stealRatio: 'unknown', cpuPressureRatio: 'unknown' }),
      checkNoiseFloor(null, new Date()),
      checkPlacement(placed('a VM without topology files')),
      checkPlacement(placed('offset siblings, one socket', { kind: 'auto' }, 'remote')),
    ];
    assert.deepEqual(
      unseen.map(({ status }) => status),
      Array(6).fill('unknown'),
    );
    assert.match(unseen[0]?.finding ?? '', /temperature unknown$/);
  });

  it('is the governor with what else the clock depends on', () => {
    assert.deepEqual(checkGovernor(power), {
      what: 'governor',
      status: 'ok',
      finding: 'performance, turbo off, temperature 51 °C',
      advice: null,
    });
    const { status, advice } = checkGovernor({ ...power, governor: 'performance, powersave' });
    assert.equal(status, 'warning');
    assert.match(advice ?? '', /cpupower frequency-set -g performance/);
  });

  it('is what the hypervisor and other work take', () => {
    const statuses = (stealRatio: number, cpuPressureRatio: number) =>
      checkStrain({ ...strain, stealRatio, cpuPressureRatio }).map(({ status }) => status);
    assert.deepEqual(statuses(0.02, 0.1), ['ok', 'ok']);
    assert.deepEqual(statuses(0.021, 0.11), ['warning', 'warning']);
  });

  it('is a quota only where there is one', () => {
    const limits = { cgroup: 'v2', memoryBytes: null, cpuset: '0-3' } as const;
    assert.deepEqual([checkQuota({ ...limits, cpus: null }), checkQuota({ ...limits, cpus: 'unknown' })], [[], []]);
    const [quota] = checkQuota({ ...limits, cpus: 2.504 });
    assert.match(quota?.finding ?? '', /^the container may use 2\.5 processors' worth of time/);
  });

  it('is the room on the disk, of the nearest folder that exists', () => {
    const folder = join(tmpdir(), 'no', 'such', 'folder');
    assert.equal(checkDisk(folder, 1).status, 'ok');
    assert.equal(checkDisk(folder, 2 ** 60).status, 'error');
    assert.match(checkDisk(folder, 100 * 2 ** 20).finding, /^\d+ [GM]iB free in \S+, about 100 MiB needed$/);
  });

  it('is how old the noise floor is', () => {
    const floor = { residualSd: 0.0214, engine: 'local 2.51.0 (x)', measuredAt: '2026-01-01T00:00:00Z' };
    const at = (day: string) => checkNoiseFloor(floor as never, new Date(`2026-${day}T12:00:00Z`));
    assert.deepEqual(
      [at('01-01'), at('01-02'), at('01-31'), at('02-01')].map(({ status, finding }) => `${status}: ${finding}`),
      [
        'ok: 2.1 % a block, measured today (local 2.51.0 (x))',
        'ok: 2.1 % a block, measured yesterday (local 2.51.0 (x))',
        'ok: 2.1 % a block, measured 30 days ago (local 2.51.0 (x))',
        'warning: 2.1 % a block, measured 31 days ago (local 2.51.0 (x))',
      ],
    );
  });

  it('is who measures on it', () => {
    assert.deepEqual(checkOthers([]), []);
    const [check] = checkOthers([{ pid: 7, command: 'tritune sweep', since: '2026-01-01T10:00:00.000Z' }]);
    assert.equal(
      check?.finding,
      'this host is being measured by process 7 (tritune sweep) since 2026-01-01 10:00:00 UTC',
    );
  });

  it('is how its CPUs are divided, or why they are not', () => {
    const told = (...given: Parameters<typeof placed>) => {
      const { status, finding } = checkPlacement(placed(...given));
      return `${status}: ${finding}`;
    };
    const host = 'adjacent siblings, one socket';
    assert.equal(told(host), 'ok: server on CPUs 0-13; client on 14-15');
    assert.match(told(host, { kind: 'none' }), /^warning: .*as the plan says \(0-15\)$/);
    const split = { kind: 'lists', server: [0, 1, 2], client: [3] } as const;
    assert.equal(told(host, split), 'warning: server on CPUs 0-2; client on 3; they split a core');
  });
});

describe('what the doctor says of configurations', () => {
  const config = { backend: 'onnxruntime' };
  const candidates = [
    { variant: { id: 'bound', settings: {} }, configText: '', config: { ...config, parameters: threads('2') } },
    { variant: { id: 'all', settings: {} }, configText: '', config },
    { variant: { id: 'zero', settings: {} }, configText: '', config: { ...config, parameters: threads('0') } },
    {
      variant: { id: 'gpu', settings: {} },
      configText: '',
      config: { ...config, instance_group: [{ kind: 'KIND_GPU' }] },
    },
    { variant: { id: 'other', settings: {} }, configText: '', config: { backend: 'python' } },
  ];

  it('is an error of those whose threads take all cores where the server may not', () => {
    using tree = new HostTree({ 'dev/nvidia0': '' });
    const [check, ...more] = checkConfigs(candidates, placed('adjacent siblings, one socket'), tree.root);
    assert.deepEqual([check?.what, check?.status, more], ['unbound threads', 'error', []]);
    assert.match(check?.finding ?? '', /may use 14 CPUs .* in every instance: all, zero$/);
    const whole = placed('adjacent siblings, one socket', { kind: 'none' });
    assert.deepEqual(checkConfigs(candidates, whole, tree.root), []);
    const cpuset = placed('a cpuset over two sockets', { kind: 'none' });
    assert.equal(checkConfigs(candidates, cpuset, tree.root).length, 1);
  });

  it('is an error of those that ask for a GPU that is not there', () => {
    using tree = new HostTree({});
    const whole = placed('adjacent siblings, one socket', { kind: 'none' });
    const [check, ...more] = checkConfigs(candidates, whole, tree.root);
    assert.deepEqual([check?.what, check?.status, more], ['GPU', 'error', []]);
    assert.match(check?.finding ?? '', /no GPU on this host: gpu$/);
  });
});

function threads(text: string) {
  return { intra_op_thread_count: { string_value: text } };
}

function placed(name: string, asked: PlacementChoice = { kind: 'auto' }, engine = 'local') {
  using tree = new HostTree(recordedHosts[name] ?? {});
  return choosePlacement(asked, readTopology(tree.root), { tools: { taskset: true, numactl: true }, engine });
}
