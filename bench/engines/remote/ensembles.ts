import { Failure } from '../../failure.ts';
import { type KServeClient, KServeError, type ModelState, type ServedConfig } from '../../kserve/client.ts';

/**
 * Refuses a model that cannot be changed alone: one that an ensemble on the server is made of, which would lose it, and an ensemble,
 * whose load loads other models too. `index` is all that the server has.
 * @throws Failure (server)
 */
export async function refuseEnsembles(
  control: KServeClient,
  { model, server, index }: { readonly model: string; readonly server: string; readonly index: readonly ModelState[] },
): Promise<void> {
  const ready = new Set(index.flatMap(({ name, state }) => (state === 'READY' ? [name] : [])));
  for (const name of ready) {
    const steps = stepsOf(await configOf(control, name));
    if (name === model && steps.length > 0)
      throw new Failure(
        'server',
        'ensemble',
        `${model} on ${server} is an ensemble, whose load loads ${steps.join(', ')} too`,
        {
          hint: 'name one of these models in the plan: other models than that of the plan are never touched',
        },
      );
    if (name === model || !steps.includes(model)) continue;
    throw new Failure('server', 'ensemble', `${name} on ${server} is an ensemble that ${model} is a part of`, {
      hint: `unload ${name} there first: it would fail with each reload of ${model}`,
    });
  }
}

async function configOf(control: KServeClient, name: string): Promise<ServedConfig> {
  try {
    return await control.config(name);
  } catch (error) {
    // It may have gone meanwhile.
    if (error instanceof KServeError) return {};
    throw error;
  }
}

/** The names of the models that an ensemble consists of; none of any other model. */
function stepsOf({ ensemble_scheduling: ensemble }: ServedConfig): string[] {
  const { step } = asMap(ensemble);
  const steps: readonly unknown[] = Array.isArray(step) ? step : [];
  return [...new Set(steps.map((each) => String(asMap(each).model_name ?? '')))].filter((name) => name !== '');
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
