import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostTree } from '../engines/placement/host-tree.fixture.ts';
import { diagnoseHost } from './diagnose-host.ts';
import { readHistory } from './history.ts';
import { strainDuring, watchStrain } from './host-strain.ts';
import type { JournalLine } from './journal.ts';
import { syntheticRun } from './run.fixture.ts';

describe('the strain on a host before a run', () => {
  it('is read of what the kernel tells of the last seconds', async () => {
    using tree = new HostTree({
      'proc/stat': 'cpu 1 2 3 4 5 6 7 8\n',
      'proc/pressure/cpu':
        'some avg10=12.50 avg60=4.35 avg300=13.11 total=13599887389\nfull avg10=99.00 avg60=0 avg300=0 total=0\n',
      'proc/pressure/io': 'some avg10=0.00 avg60=4.35 avg300=13.11 total=1\n',
      'proc/pressure/memory': 'hello',
    });
    assert.deepEqual(await watchStrain(tree.root, 1), {
      // No time went by on its clock.
      stealRatio: 'unknown',
      cpuPressureRatio: 0.125,
      memoryPressureRatio: 'unknown',
      ioPressureRatio: 0,
    });
  });

  it('is shares of this host, or unknown', async () => {
    for (const ratio of Object.values(await watchStrain()))
      assert(ratio === 'unknown' || (typeof ratio === 'number' && ratio >= 0 && ratio <= 1));
  });
});

describe('the strain on a host in a run', () => {
  const arms = [
    { id: 'baseline', ratio: 1 },
    { id: 'two', ratio: 1 },
  ];
  const { record, lines } = syntheticRun({ arms, blocks: 5, sd: 0.01 });
  const withSteal = (ratios: readonly (number | null)[]): JournalLine[] => {
    let slice = 0;
    return lines.map((line) => {
      if (line.kind !== 'slice' || line.status !== 'measured') return line;
      const client = { ...line.measurement.client, stealRatio: ratios[slice++ % ratios.length], cpuPressureRatio: 0.5 };
      return { ...line, measurement: { ...line.measurement, client } } as JournalLine;
    });
  };

  it('is the mean over its windows, and the worst of them', () => {
    assert.deepEqual(strainDuring(withSteal([0.1, 0, 0.02, 0])), {
      stealRatio: 0.03,
      worstStealRatio: 0.1,
      cpuPressureRatio: 0.5,
    });
  });

  it('is unknown where no slice tells', () => {
    const unseen = { stealRatio: 'unknown', worstStealRatio: 'unknown', cpuPressureRatio: 'unknown' };
    assert.deepEqual(strainDuring([]), unseen);
    assert.deepEqual(strainDuring(lines), unseen);
    assert.equal(strainDuring(withSteal([null])).stealRatio, 'unknown');
  });

  it('is a doubt where another run measured beside it', () => {
    const beside = [1, 1, 3].map(
      (block): JournalLine => ({
        kind: 'beside',
        block,
        attempt: 1,
        others: ['process 7'],
        at: '2026-01-01T00:00:00Z',
      }),
    );
    const found = diagnoseHost(record, readHistory([...lines, ...beside])).filter(({ kind }) => kind === 'other run');
    assert.deepEqual(
      found.map(({ value }) => value),
      ['2 of 5'],
    );
    assert.equal(readHistory([...lines, ...beside]).ended, readHistory(lines).ended);
  });

  it('is a doubt where more than 2 % was stolen', () => {
    const kinds = (ratios: readonly number[]) =>
      diagnoseHost(record, readHistory(withSteal(ratios))).filter(({ kind }) => kind === 'steal');
    assert.deepEqual(kinds([0.02]), []);
    assert.equal(kinds([0.1, 0])[0]?.value, '5.0 % on the average, 10 % in the worst slice');
  });
});
