import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../engines/engine.ts';
import { Failure } from '../failure.ts';
import { decodeElements, elementCount, type Tensor } from '../kserve/tensors.ts';
import type { InputData } from '../load/data/input-data.ts';
import { everyExample } from '../load/data/workload.ts';
import { isComplete } from '../modelconfig/compare.ts';
import type { EngineChoice } from '../plan/plan.ts';
import { type Candidate, makeCandidate } from './candidates.ts';
import { Deployment } from './deployment.ts';
import { readModelSource, StagedModel } from './repository.ts';

export type Prediction = {
  /** One per output element, "label" or "probabilities_0". */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | bigint)[])[];
};

type Request = {
  readonly engine: Engine;
  readonly choice: EngineChoice;
  readonly repository: string;
  readonly model: string;
  readonly data: InputData;
  readonly signal: AbortSignal;
};

/**
 * Serves the committed configuration and sends every row through it, in batches as large as it takes.
 * @throws Failure where the server does not start or take the model, or where an output is not one row per input row.
 */
export async function predict({ engine, choice, repository, model, data, signal }: Request): Promise<Prediction> {
  const source = readModelSource(repository, model);
  const candidate = makeCandidate({ id: 'baseline', settings: {} }, source);
  using staged = new StagedModel(source, { folder: mkdtempSync(join(tmpdir(), 'tritune-infer-')), model });
  await using deployment = new Deployment({
    engine,
    choice,
    staged,
    model,
    autoCompleteConfig: !isComplete(candidate.config),
    signal,
  });
  try {
    const parts = await answersOf(deployment, { candidate, model, data, configFile: source.configFile });
    return tabulate(parts, data.exampleCount ?? 0);
  } catch (error) {
    throw signal.aborted ? signal.reason : await deployment.causeOf(error);
  }
}

async function answersOf(
  deployment: Deployment,
  asked: { candidate: Candidate; model: string; data: InputData; configFile: string },
): Promise<Tensor[][]> {
  const { candidate, model, data, configFile } = asked;
  const inForce = await deployment.putInForce(candidate, 'reload');
  if ('refused' in inForce)
    throw new Failure('server', 'refused', `the server does not run ${configFile}: ${inForce.refused}`);
  const { control } = inForce.server;
  const metadata = await control.modelMetadata(model);
  const parts: Tensor[][] = [];
  for (const inputs of everyExample(data, metadata, Math.max(1, candidate.config.max_batch_size ?? 0))) {
    parts.push(await control.infer(model, inputs));
  }
  return parts;
}

function tabulate(parts: readonly (readonly Tensor[])[], rowCount: number): Prediction {
  const names = (parts[0] ?? []).map(({ name }) => name);
  const columns = names.map((name) => {
    const tensors = parts.map((part) => part.find((tensor) => tensor.name === name));
    const values = tensors.flatMap((tensor) =>
      tensor === undefined ? [] : decodeElements(tensor.datatype, tensor.data),
    );
    const width = elementCount((tensors[0]?.shape ?? []).slice(1));
    if (values.length !== width * rowCount) {
      throw new Failure(
        'measurement',
        'wrong-answer',
        `output ${name} has ${values.length} values for ${rowCount} rows`,
      );
    }
    return { name, width, values };
  });
  return {
    columns: columns.flatMap(({ name, width }) =>
      width === 1 ? [name] : Array.from({ length: width }, (_, index) => `${name}_${index}`),
    ),
    rows: Array.from({ length: rowCount }, (_, row) =>
      columns.flatMap(({ width, values }) => values.slice(row * width, (row + 1) * width)),
    ),
  };
}
