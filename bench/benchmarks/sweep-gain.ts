import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { findLocal } from '../engines/local/find.ts';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import { mean } from '../stats/moments.ts';
import type { SweepContext } from './sweep-applied.ts';
import { writePlan } from './sweep-cases.ts';
import { runSweep } from './sweep-runs.ts';
import { Wrk } from './wrk.ts';

const triesDefault = 5;
const seconds = 30;
const order = ['baseline', 'pick', 'pick', 'baseline', 'baseline', 'pick'] as const;
const baseline = { 'count: 1': 'count: 4' };

/** What a sweep says of its pick, beside what another client sees of both in six runs of 30 s. */
export async function measureGain({ engine, out, runs, signal, say }: SweepContext): Promise<void> {
  const wrk = Wrk.find();
  if ('missing' in wrk) return say(`gain: skipped: ${wrk.missing}`);
  using client = wrk.found;
  let insideCount = 0;
  const tries = runs ?? triesDefault;
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const folder = join(out, 'gain', `try-${attempt}`);
    mkdirSync(folder, { recursive: true });
    const plan = writePlan(folder, { changes: baseline, variants: { 'count-1': { 'instance_group.count': 1 } } });
    const words = ['--budget', '60s', '--no-soak'];
    const { variants } = await runSweep({ plan, folder: join(folder, 'run'), seed: attempt, engine, words, signal });
    const gain = variants.find(({ id }) => id === 'count-1')?.comparison?.gain;
    const seen = await gainByWrk(client, signal);
    if (gain === undefined || seen === null) {
      say(`gain ${attempt}: ${seen === null ? 'there is no local Triton' : 'the sweep compared nothing'}`);
      continue;
    }
    const inside = seen >= gain.lower && seen <= gain.upper;
    if (inside) insideCount += 1;
    const sign = Math.sign(seen) === Math.sign(gain.point) ? 'the same sign' : 'ANOTHER SIGN';
    const [lower, point, upper, other] = [gain.lower, gain.point, gain.upper, seen].map((x) => (100 * x).toFixed(1));
    say(
      `gain ${attempt}: ${point} % (${lower} to ${upper}), by wrk ${other} %: ${sign}, ${inside ? 'inside' : 'outside'}`,
    );
  }
  say(`gain: inside the interval in ${insideCount} of ${tries} tries`);
}

/** Null without a local Triton. */
async function gainByWrk(client: Wrk, signal: AbortSignal): Promise<number | null> {
  const local = findLocal({ root: join(import.meta.dirname, '../..'), env: process.env });
  if ('missing' in local) return null;
  using repository = new StagedRepository();
  const committed = repository.read(`${irisModel}/config.pbtxt`);
  const texts = { pick: committed, baseline: committed.replace('count: 1', 'count: 4') };
  await using server = await local.engine.start({ repository: repository.path, autoCompleteConfig: false });
  const logs = { baseline: [] as number[], pick: [] as number[] };
  for (const which of order) {
    repository.write(`${irisModel}/config.pbtxt`, texts[which]);
    await server.control.unload(irisModel);
    while (await server.control.modelReady(irisModel)) await new Promise((resolve) => setTimeout(resolve, 20));
    await server.control.load(irisModel);
    const { command, parse } = client.command({ port: server.httpAddress.port, connections: 8, threads: 1, seconds });
    const [file, ...flags] = command;
    const { stdout } = await execa(file, flags, { cancelSignal: signal });
    logs[which].push(Math.log(parse(stdout).requestsPerSecond));
  }
  return Math.expm1(mean(logs.pick) - mean(logs.baseline));
}
