import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import { type KServeClient, KServeError, type ServedConfig } from '../../kserve/client.ts';
import { differencesText, type ExactDifference, exactDifferences } from './exact-difference.ts';
import type { ModelBefore, RestoreWay } from './restore-record.ts';

/**
 * What a model serves, as far as a restore is about it. Only the server's own word is taken for a model that is not loaded.
 * @throws Failure (server) where there is no answer, or a gateway's
 */
export async function lookAt(control: KServeClient, name: string): Promise<Omit<ModelBefore, 'way'>> {
  const config = await configOf(control, name);
  if (config === null) return { name, loaded: false, config, versions: [] };
  const { versions } = await control.modelMetadata(name);
  return { name, loaded: true, config, versions: Array.isArray(versions) ? versions.map(String).toSorted() : [] };
}

async function configOf(control: KServeClient, name: string): Promise<ServedConfig | null> {
  try {
    return await control.config(name);
  } catch (error) {
    if (!(error instanceof KServeError)) throw error;
    if (error.status === 400 || error.status === 404) return null;
    throw new Failure('server', 'model-unknown', `whether ${name} is loaded is not to be known: ${error.message}`, {
      hint: 'do the headers say who you are, and is the server itself behind what answers?',
      cause: error,
    });
  }
}

/** How a model came to be what it was: `said` tells the user where that was not the usual way. */
export type PutBack = { readonly said: string | null };

const attemptsMost = 2;
const attemptPauseMs = 300;

/**
 * Makes a model what it was: unloads it, waits, loads it again where it was loaded, and compares. `way` is how it is loaded: as
 * the record says unless it is given. One that was not changed for all that is known, and is what it was, is left alone.
 * @throws Failure (server), saying what differs or what the server said, where it is not what it was.
 */
export async function putBack(control: KServeClient, before: ModelBefore, way = before.way): Promise<PutBack> {
  const { name, loaded, config } = before;
  if (!loaded || config === null) {
    await unload(control, name);
    return { said: null };
  }
  if (way === null && (await differenceFrom(control, { ...before, config })) === null) return { said: null };
  const wanted = way ?? 'file';
  const wrong = await tried(control, { ...before, config }, wanted);
  if (wrong === null) return { said: null };
  // It may have been loaded with a configuration of its own: what was not tried before may be tried now.
  if (way === null) {
    if ((await tried(control, { ...before, config }, 'override')) === null)
      return { said: `${name} is loaded with the configuration that it had, which is not its file's: ${wrong}` };
    // As its file says it serves at least; the other attempt may have left nothing loaded.
    await reload(control, { ...before, config }, 'file');
  }
  throw new Failure('server', 'restore', `${name} is not what it was: ${wrong}`, {
    hint:
      wanted === 'file'
        ? 'if its file was changed on purpose since, all is well: say so with tritune restore --keep; else tritune restore --override loads what it was in place of the file'
        : 'load it as it should be, then say so with tritune restore --keep; the record has the configuration that it had',
  });
}

type Before = ModelBefore & { readonly config: ServedConfig };

/** What is wrong after a load in that way; null where nothing is. A load that was under way when the tool was killed may come in between. */
async function tried(control: KServeClient, before: Before, way: RestoreWay): Promise<string | null> {
  let wrong: string | null = null;
  for (let attempt = 1; attempt <= attemptsMost; attempt += 1) {
    if (attempt > 1) await delay(attemptPauseMs);
    wrong = await reload(control, before, way);
    if (wrong === null) return null;
  }
  return wrong;
}

async function reload(control: KServeClient, before: Before, way: RestoreWay): Promise<string | null> {
  const { name, config } = before;
  await unload(control, name);
  try {
    await control.load(name, way === 'override' ? config : undefined);
    return await differenceFrom(control, before);
  } catch (error) {
    if (!(error instanceof KServeError)) throw error;
    return `it cannot be loaded again: ${error.reason}`;
  }
}

async function differenceFrom(control: KServeClient, { name, config, versions }: Before): Promise<string | null> {
  const now = await lookAt(control, name);
  const found: ExactDifference[] = [
    ...exactDifferences(config, now.config ?? undefined),
    ...exactDifferences(versions, now.versions, 'versions'),
  ];
  return found.length === 0 ? null : differencesText(found);
}

/** What is not loaded cannot be unloaded, on some servers. */
async function unload(control: KServeClient, name: string): Promise<void> {
  try {
    await control.unload(name);
  } catch (error) {
    if (!(error instanceof KServeError) || (await control.modelReady(name))) throw error;
  }
}
