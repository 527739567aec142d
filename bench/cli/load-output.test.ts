import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LevelReport, MeasuredWindow } from '../load/report/level.ts';
import { measuredLoad } from '../load/report/windows.test-suite.ts';
import type { LoadMeasured, MeasuredLevel } from './load-measure.ts';
import { isInvalid, reportLevels } from './load-output.ts';
import type { LoadRequest } from './load-request.ts';

const question = { batchSize: 1, percentile: null, thresholdNs: 5e6, stabilityRatio: 0.1 };
const request = { question } as LoadRequest;

function window(latencyNs: number, busy = 0.1): MeasuredWindow {
  const load = measuredLoad([latencyNs, latencyNs]);
  return { load: { ...load, client: { ...load.client, eventLoopUtilization: busy } }, server: null };
}

function searched(level: MeasuredLevel, verdict: 'passes' | 'undecided'): { report: LevelReport; isWrong: boolean } {
  const votes = { passCount: 5, failCount: 4, verdict };
  const search = { beyond: null, complete: true, levels: [{ level: 1, ...votes }], measurementCount: 9 };
  const measured: LoadMeasured = { levels: [level], search: { ...search, highest: 1 }, interruption: undefined };
  const [report, ...others] = reportLevels(measured, request);
  assert(report !== undefined && others.length === 0);
  return { report, isWrong: isInvalid([report], measured) };
}

describe('a level of a search', () => {
  const right = [window(1e6), window(1e6), window(1e6)];

  it('is not invalid by windows that were measured again, and names them', () => {
    const { report, isWrong } = searched({ level: 1, windows: right, unusable: [window(9e6, 0.99)] }, 'passes');
    assert.deepEqual([report.invalid, report.windows.length, report.latencyNs.max, isWrong], [[], 3, 1e6, false]);
    assert.equal(report.meetsThreshold, true);
    assert.match(report.notes.at(-1) ?? '', /^left out, .* measured again: 1 windows \(the client was busy 99 %/);
  });

  it('is invalid where no window could be used', () => {
    const { report, isWrong } = searched({ level: 1, windows: [], unusable: [window(1e6, 0.99)] }, 'passes');
    assert.match(report.invalid.join(), /the client was busy 99 %/);
    assert.equal(isWrong, true);
  });

  it('that stayed undecided does not meet the threshold, as the search says', () => {
    const windows = [...right, ...right.slice(1), ...[1, 2, 3, 4].map(() => window(9e6))];
    assert.equal(searched({ level: 1, windows, unusable: [] }, 'undecided').report.meetsThreshold, false);
    assert.equal(searched({ level: 1, windows, unusable: [] }, 'passes').report.meetsThreshold, true);
  });
});
