import { parseConfig, toPlain } from '../../modelconfig/config.ts';
import { editConfig } from '../../modelconfig/edit.ts';
import { baselineId, type Objective } from '../../plan/plan.ts';
import { seededRandom } from '../../random.ts';
import { scoreOf } from '../../run/score.ts';
import { sliceMetric } from '../../run/values.ts';
import { servingOf } from '../../testing/scripted-host.ts';
import { ScriptedHostState } from '../../testing/scripted-host-state.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { simulateLoad } from '../../testing/simulated-load.ts';
import type { CampaignCase } from './cases.ts';

/** ln of what each variant is truly worth by the baseline, larger is better, by id; the baseline's is 0. */
export type Truth = ReadonlyMap<string, number>;

const requests = { mean: 20_000, percentile: 60_000 };
/** Of so many stretches of time a load sees its share of stalls. */
const stretches = 200;

/** Without noise, in one long load of warm models; variants that do the same get the same number. */
export function truthOf(given: CampaignCase, objective: Objective): Truth {
  const ids = [baselineId, ...given.variants.map(({ id }) => id)];
  const scores = ids.map((id) => score(given, id, objective));
  const [baseline = 0] = scores;
  return new Map(ids.map((id, index) => [id, (scores[index] ?? Number.NaN) - baseline]));
}

function score(given: CampaignCase, id: string, objective: Objective): number {
  const settings = given.variants.find((variant) => variant.id === id)?.settings ?? {};
  const text = editConfig(given.config, 'config.pbtxt', settings);
  const serving = servingOf(toPlain(parseConfig(text, 'config.pbtxt')));
  const isPercentile = objective.kind === 'single' && objective.metric.startsWith('latency.p');
  const warm = { ...given.host, warmup: { excess: 0, executions: 1 } };
  const place = {
    host: new ScriptedHostState(warm, serving, seededRandom(1)),
    clock: new SimulatedClock(),
    networkNs: given.networkNs,
  };
  const measure = (windowNs: number) =>
    simulateLoad(
      {
        pacing: { kind: 'closed', concurrency: given.concurrency },
        batchSize: 1,
        warmup: { minimumNs: given.host.heat.afterNs < 1e12 ? 6e9 : 0, minimumRequestCount: 10 * given.concurrency },
        windowNs,
        limitsNs: [],
        requestTimeoutNs: 1e15,
      },
      place,
    );
  const { requestsPerSecond } = measure(20 * given.serviceNs);
  const count = isPercentile ? requests.percentile : requests.mean;
  const { share, everyNs } = given.host.stalls;
  const measurement = measure(Math.max((count / requestsPerSecond) * 1e9, share > 0 ? stretches * everyNs : 0));
  return scoreOf(objective, (metric) => sliceMetric(measurement, metric));
}
