import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure, messageOf } from '../failure.ts';
import { objectiveText } from '../plan/objective.ts';
import type { Objective } from '../plan/plan.ts';
import type { Results } from '../report/results.ts';
import type { Evidence } from '../stats/components.ts';
import { lagOne, mean, standardDeviation } from '../stats/moments.ts';

/** What equal variants differ by on a host and engine, as `tritune noise` last saw it. Standard deviations are of ln(value). */
const floorSchema = z.object({
  schemaVersion: z.literal(1),
  measuredAt: z.iso.datetime(),
  host: z.string(),
  engine: z.string(),
  model: z.string(),
  load: z.string(),
  /** What y is the ln of; null in floors from before that was kept. */
  objective: z.string().nullable().default(null),
  /** Of one variant in one block, after variants and blocks are accounted for. */
  residualSd: z.number().min(0),
  slicesPerBlock: z.int().min(1),
  /** Of the level of a block: what anyone sees who does not interleave. */
  blockSd: z.number().min(0),
  /** Of the blocks' levels. */
  lag1: z.number(),
  blocks: z.int().min(2),
});

export type NoiseFloor = Readonly<z.output<typeof floorSchema>>;

type Place = { readonly folder: string; readonly host: string; readonly engine: string };

/** Where the floor of a host and engine is kept: both are part of the file's name, and stand in it in words. */
export function floorPlace(
  folder: string,
  environment: Readonly<Record<string, unknown>>,
  { kind, version, backend }: { readonly kind: string; readonly version: string; readonly backend: string },
): Place {
  const { name, cpu, cores } = (environment.host ?? {}) as Record<string, unknown>;
  return {
    folder,
    host: `${String(name)}, ${String(cpu)}, ${String(cores)} cores`,
    engine: `${kind} ${version} (${backend})`,
  };
}

/** The floor that is kept; null where there is none, or none that can be read: it is only ever an advice. */
export function readNoiseFloor(place: Place): NoiseFloor | null {
  try {
    return floorSchema.parse(JSON.parse(readFileSync(fileOf(place), 'utf8')));
  } catch {
    return null;
  }
}

/** What an A/A run of a plan is about. One configuration has one capacity: there it is how much slices differ under the plan's load. */
export function noiseObjective(objective: Objective): Objective {
  return objective.kind === 'capacity' ? { kind: 'single', direction: 'maximize', metric: 'throughput' } : objective;
}

/** The floor, where it is one of what this objective is about: a p99 varies many times as much as a throughput. */
export function floorAbout(objective: Objective, floor: NoiseFloor | null): NoiseFloor | null {
  const same = floor?.objective === null || floor?.objective === objectiveText(noiseObjective(objective));
  return same ? floor : null;
}

/** The last one of a host and a kind of engine, whichever version it had: what is known before a server has run. */
export function lastNoiseFloor(place: Place, kind: string): NoiseFloor | null {
  const floors = namesIn(place.folder).flatMap((name) => {
    try {
      const floor = floorSchema.parse(JSON.parse(readFileSync(join(place.folder, name), 'utf8')));
      return floor.host === place.host && floor.engine.startsWith(`${kind} `) ? [floor] : [];
    } catch {
      return [];
    }
  });
  return floors.toSorted((a, b) => Date.parse(a.measuredAt) - Date.parse(b.measuredAt)).at(-1) ?? null;
}

/** @throws Failure (results) where it cannot be written. */
export function keepNoiseFloor(place: Place, floor: NoiseFloor): string {
  const file = fileOf(place);
  const unfinished = `${file}.${process.pid}.part`;
  try {
    mkdirSync(place.folder, { recursive: true });
    writeFileSync(unfinished, `${JSON.stringify(floor, null, 2)}\n`);
    renameSync(unfinished, file);
  } catch (error) {
    if (existsSync(unfinished)) rmSync(unfinished);
    throw new Failure('results', 'noise-floor', `${file} cannot be written: ${messageOf(error)}`, {
      hint: 'XDG_STATE_HOME names the folder that holds it',
      cause: error,
    });
  }
  return file;
}

/** The floor that an A/A run shows; null where it has too few blocks to show one. */
export function noiseFloorOf(results: Results, place: Place): NoiseFloor | null {
  const { run, plan, blocks, verdict } = results;
  if (run.residualSd === null || blocks.length < 2) return null;
  const levels = blocks.map(({ values }) => mean(Object.values(values).map(({ score }) => score)));
  return {
    schemaVersion: 1,
    measuredAt: run.finishedAt,
    host: place.host,
    engine: place.engine,
    model: plan.model,
    load: plan.load.description,
    objective: verdict.objective,
    residualSd: run.residualSd,
    slicesPerBlock: run.slicesPerBlock,
    blockSd: standardDeviation(levels),
    lag1: lagOne(levels),
    blocks: blocks.length,
  };
}

/** A floor of another day tells no more than so many degrees of freedom, however many blocks it has. */
const mostFreedom = 16;
/** Of the four equal variants of an A/A run. */
const freedomPerBlock = 3;

/** What the floor says of the variances of slices and blocks together. */
export function floorEvidence({ residualSd, slicesPerBlock, blocks }: NoiseFloor): Evidence {
  const freedom = Math.min(mostFreedom, freedomPerBlock * (blocks - 1));
  return { squares: freedom * residualSd ** 2, freedom, block: 1, slice: 1 / slicesPerBlock };
}

/** How many times further from the floor a run may be before it is worth a word. */
const farRatio = 2;

/** In words, where a run's own noise is far from what its host was seen to have; slices average as their root. */
export function farFromFloor(floor: NoiseFloor, run: { residualSd: number; slicesPerBlock: number }): string | null {
  const expected = floor.residualSd * Math.sqrt(floor.slicesPerBlock / run.slicesPerBlock);
  const ratio = run.residualSd / expected;
  if (!(ratio > farRatio || ratio < 1 / farRatio)) return null;
  const how = ratio > 1 ? `${ratio.toFixed(1)} times` : `only ${(ratio * 100).toFixed(0)} % of`;
  return `the noise of this run is ${how} what this host was seen to have on ${floor.measuredAt.slice(0, 10)}`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^noise-[0-9a-f]{16}\.json$/.test(name));
  } catch {
    return [];
  }
}

function fileOf({ folder, host, engine }: Place): string {
  const key = createHash('sha256').update(`${host}\n${engine}`).digest('hex').slice(0, 16);
  return join(folder, `noise-${key}.json`);
}
