import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { GpuWatch } from './gpu-watch.ts';
import { gpuQueries, parseGpus } from './nvidia-smi.ts';

const fields = gpuQueries[0]?.split(',');

describe('what nvidia-smi prints', () => {
  it('is a GPU on each line', () => {
    assert.deepEqual(fields, [
      ...[
        'index',
        'uuid',
        'clocks.sm',
        'clocks.mem',
        'power.draw',
        'temperature.gpu',
        'utilization.gpu',
        'memory.used',
      ],
      ...['clocks_throttle_reasons.active', 'name'],
    ]);
    const text = `0, GPU-5c8b, 1980, 2619, 312.45, 51, 97, 10240, 0x0000000000000004, NVIDIA H100 80GB HBM3
1, GPU-77aa, 345, 2619, 71.02, 33, 0, 4, 0x0000000000000001, NVIDIA H100 80GB HBM3
`;
    assert.deepEqual(parseGpus(text), [
      {
        index: 0,
        uuid: 'GPU-5c8b',
        name: 'NVIDIA H100 80GB HBM3',
        smClockMhz: 1980,
        memoryClockMhz: 2619,
        powerW: 312.45,
        temperatureC: 51,
        utilisationRatio: 0.97,
        memoryUsedBytes: 10 * 2 ** 30,
        throttledBy: ['power cap'],
      },
      {
        index: 1,
        uuid: 'GPU-77aa',
        name: 'NVIDIA H100 80GB HBM3',
        smClockMhz: 345,
        memoryClockMhz: 2619,
        powerW: 71.02,
        temperatureC: 33,
        utilisationRatio: 0,
        memoryUsedBytes: 4 * 2 ** 20,
        throttledBy: [],
      },
    ]);
  });

  it('is unknown where a GPU or its driver does not tell', () => {
    const [gpu] = parseGpus(
      '0, GPU-1, [N/A], [Not Supported], [Unknown Error], N/A, [Insufficient Permissions], , [N/A], GRID A100, virtual',
    );
    assert.deepEqual(gpu, {
      ...{ index: 0, uuid: 'GPU-1', name: 'GRID A100, virtual', smClockMhz: null, memoryClockMhz: null, powerW: null },
      ...{ temperatureC: null, utilisationRatio: null, memoryUsedBytes: null, throttledBy: null },
    });
  });

  it('names every reason for low clocks', () => {
    const reasonsOf = (bits: string) => parseGpus(`0, u, 1, 1, 1, 1, 1, 1, ${bits}, n`)[0]?.throttledBy;
    assert.deepEqual(reasonsOf('0x00000000000000e8'), [
      ...['hardware slowdown', 'software thermal slowdown', 'hardware thermal slowdown', 'power brake'],
    ]);
    assert.deepEqual(reasonsOf('0xFFFFFFFFFFFFFFFF')?.length, 8);
    assert.deepEqual([reasonsOf('0x0'), reasonsOf('4'), reasonsOf('0xzz')], [[], null, null]);
  });

  it('is nothing where it is another text', () => {
    for (const text of [
      '',
      'No devices were found',
      'NVIDIA-SMI has failed because it could not talk to the driver',
      '<xml/>',
      '0',
      ',,,,,,,,,,',
    ])
      assert.deepEqual(parseGpus(text), []);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const { index, powerW } of parseGpus(`0, ${text}\n${text}`))
          assert(Number.isInteger(index) && (powerW === null || Number.isFinite(powerW)));
      }),
      { seed: 20_261_123, numRuns: 2_000 },
    );
  });
});

describe('the GPUs of this host', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tritune-gpu-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A program of that name which notes that it was called, and with what. */
  function fake(script: string): { watch: GpuWatch; calls: () => string[] } {
    const place = mkdtempSync(join(folder, 'bin-'));
    writeFileSync(join(place, 'nvidia-smi'), `#!/bin/sh\necho "$@" >> ${place}/calls\n${script}\n`, { mode: 0o755 });
    const calls = (): string[] => readFileSync(join(place, 'calls'), 'utf8').trim().split('\n');
    return { watch: new GpuWatch({ PATH: `${place}:/bin:/usr/bin` }), calls };
  }

  const line = '0, GPU-1, 1980, 2619, 312.45, 51, 97, 10240, 0x0, H100';

  it('are asked for in one call, each time', async () => {
    const { watch, calls } = fake(`echo '${line}'`);
    assert.deepEqual(await watch.read(), parseGpus(line));
    assert.deepEqual(await watch.read(), parseGpus(line));
    assert.deepEqual(calls(), Array(2).fill(`--query-gpu=${gpuQueries[0]} --format=csv,noheader,nounits`));
  });

  it('are asked for in the words of the driver', async () => {
    const { watch, calls } = fake(
      `case "$1" in *throttle*) echo 'Field is not a valid field to query.'; exit 2;; esac; echo '${line}'`,
    );
    assert.equal((await watch.read())?.length, 1);
    assert.equal((await watch.read())?.length, 1);
    assert.deepEqual(
      calls().map((call) => /clocks_\w+/.exec(call)?.[0]),
      ['clocks_throttle_reasons', 'clocks_event_reasons', 'clocks_event_reasons'],
    );
  });

  it('are none, and are not asked for again, where the program says so or fails', async () => {
    for (const script of ['echo No devices were found', 'echo no driver; exit 9', 'exit 0', 'kill -KILL $$']) {
      const { watch, calls } = fake(script);
      assert.deepEqual([await watch.read(), await watch.read(), calls().length], [null, null, 1], script);
    }
    const { watch, calls } = fake('exit 2');
    assert.deepEqual([await watch.read(), await watch.read(), calls().length], [null, null, 2]);
  });

  it('are none where there is no such program', async () => {
    assert.equal(await new GpuWatch({ PATH: folder }).read(), null);
  });
});
