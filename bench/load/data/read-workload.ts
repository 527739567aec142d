import { extname } from 'node:path';
import type { ModelMetadata } from '../../kserve/client.ts';
import { csvData, readCsv } from './csv.ts';
import type { DataSource } from './data-options.ts';
import type { InputData } from './input-data.ts';
import { parseJsonData } from './json.ts';
import { type Range, randomData, zeroData } from './made-up.ts';
import { readNpy } from './npy.ts';
import { type NamedArrays, npyData, withExpected } from './npy-data.ts';
import { readTextFile } from './read-file.ts';
import { makeWorkload, plainOptions, type Workload, type WorkloadOptions } from './workload.ts';
import { wrongData } from './wrong-data.ts';

/** Everything that decides what is sent and what answers are compared with. */
export type WorkloadSpec = WorkloadOptions & {
  readonly source: DataSource;
  /** .npy files of expected outputs; null where the data brings them, or nobody knows. */
  readonly expected: DataSource | null;
  /** Of random values. */
  readonly seed: number;
  /** Of random values, by input. */
  readonly ranges: ReadonlyMap<string, Range>;
};

/** A source with the defaults for all else. */
export function plainSpec(source: DataSource): WorkloadSpec {
  return { ...plainOptions, source, expected: null, seed: 1, ranges: new Map() };
}

/**
 * The distinct requests that a load is made of: examples read or made up, in batches, as the model takes them.
 * @throws Failure: usage, naming file, entry and tensor, for data that cannot be read or does not fit the model.
 */
export async function readWorkload(spec: WorkloadSpec, metadata: ModelMetadata, batchSize: number): Promise<Workload> {
  return makeWorkload(await readInputData(spec), metadata, batchSize, spec);
}

/** The part of it that needs no server. @throws Failure (usage) for a file that cannot be read or is not what its name says. */
export async function readInputData(spec: WorkloadSpec): Promise<InputData> {
  const data = await readSource(spec);
  return spec.expected === null ? data : withExpected(data, await readArrays(spec.expected));
}

async function readSource({ source, seed, ranges }: WorkloadSpec): Promise<InputData> {
  if (source.kind !== 'random' && ranges.size > 0) {
    throw wrongData(
      'a range is given for values that are not random',
      'leave --input-range out, or send random values',
    );
  }
  if (source.kind === 'random') return randomData(seed, ranges);
  if (source.kind === 'zero') return zeroData();
  if (source.kind === 'files') return npyData(await readArrays(source));
  switch (extname(source.file).toLowerCase()) {
    case '.npy':
      return npyData(await readArrays(source));
    case '.json':
      return parseJsonData(await readTextFile(source.file), source.file);
    case '.npz':
      throw wrongData(`${source.file} is a .npz file, which is not read`, 'save each array by itself with numpy.save');
    default:
      return csvData(await readCsv(source.file));
  }
}

/** One file after the other, so that the most that is read at once is the largest of them. */
async function readArrays(source: DataSource): Promise<NamedArrays> {
  if (source.kind === 'file') return new Map([[null, await readNpy(source.file)]]);
  if (source.kind !== 'files') throw wrongData(`expected outputs cannot be ${source.kind}`, 'name .npy files');
  const arrays = new Map<string, Awaited<ReturnType<typeof readNpy>>>();
  for (const [name, file] of source.files) arrays.set(name, await readNpy(file));
  return arrays;
}
