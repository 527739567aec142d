import { findDocker } from '../engines/docker/find.ts';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import type { Engine } from '../engines/engine.ts';
import { findLocal } from '../engines/local/find.ts';
import { remoteEngine } from '../engines/remote/engine.ts';
import { Failure } from '../failure.ts';
import type { DockerChoice, EngineChoice } from '../plan/plan.ts';
import { isOwnFlag } from '../plan/server-flags.ts';
import type { Host } from './host.ts';
import { connectRemote, readRemote } from './remote.ts';
import { stateFolderOf } from './state-folder.ts';

/** What `--engine` may say. */
export const engineKinds = ['auto', 'local', 'docker', 'embedded', 'remote'] as const;

export type EngineHost = Pick<Host, 'projectFolder' | 'cwd' | 'env' | 'signal'>;

/** An engine, and why it is this one where nobody asked for it. */
export type ChosenEngine = { readonly engine: Engine; readonly reason: string | undefined };

/** Consent to fetch a container image that is missing: what is to be told of it goes to `pull`. */
export type Consent = { readonly pull?: (line: string) => void };

const quickTimeoutMs = 3_000;
const anyDocker: DockerChoice = { image: null, composeFile: null, service: null, cpuset: null };

/**
 * The engine that a plan asks for. `auto` is the remote server that it names, else a Triton of this host, else the Triton of a
 * compose file, else the embedded server.
 * @throws Failure: usage where no server is named, server where none is found, or where Docker lacks the image.
 */
export async function chooseEngine(
  choice: EngineChoice,
  host: EngineHost,
  consent: Consent = {},
): Promise<ChosenEngine> {
  // As if they were set where the command was given: what an engine adds to these, it adds to its own too.
  const env = { ...host.env, ...choice.environment };
  if (choice.kind === 'embedded') return { engine: embeddedEngine(env), reason: undefined };
  if (choice.kind === 'remote' || (choice.kind === 'auto' && choice.remote !== null))
    return { engine: remote(choice, host), reason: undefined };
  if (choice.kind === 'docker') return await chooseDocker(choice, host, consent);
  const found = findLocal({
    root: host.projectFolder,
    env,
    ...(choice.path === null ? {} : { path: choice.path }),
  });
  if ('engine' in found) return { engine: found.engine, reason: undefined };
  if (choice.kind === 'local' || choice.path !== null) {
    throw new Failure('server', 'no-engine', `there is no Triton to measure: ${found.missing}`, {
      hint: 'install one for this project with: npm run triton:install (Python 3 needed, about a minute)\nor rehearse without one: --engine embedded',
    });
  }
  const docker = await dockerIfAny(choice, host, consent);
  if ('engine' in docker) {
    return { engine: docker.engine, reason: `by Docker, ${docker.image.name} of ${docker.file}: ${found.missing}` };
  }
  return {
    engine: embeddedEngine(env),
    reason: `on the embedded server, as a rehearsal: ${found.missing}; and no Docker engine: ${docker.missing}`,
  };
}

async function chooseDocker(choice: EngineChoice, host: EngineHost, consent: Consent): Promise<ChosenEngine> {
  const found = await findDocker(searchFor(choice, host, consent));
  if ('engine' in found) return { engine: found.engine, reason: undefined };
  throw new Failure('server', 'no-engine', `Docker cannot serve: ${found.missing}`, {
    hint: `${found.hint ?? 'mend that'}\nor choose another engine: --engine local (npm run triton:install), or --engine embedded for a rehearsal`,
  });
}

/** What it needs of files and the environment is read before anything is measured. */
function remote({ remote: named }: EngineChoice, host: EngineHost): Engine {
  if (named === null) {
    throw new Failure('usage', 'engine', 'the engine is remote, and no server is named', {
      hint: 'write engine: { kind: remote, http: HOST:8000 } in the plan, or add --url HOST:8000',
    });
  }
  const means = readRemote(named, host.env);
  return remoteEngine({
    connect: (signal) => connectRemote(means, signal),
    stateFolder: stateFolderOf(host),
    env: host.env,
  });
}

/** A compose file that nobody named may be another application's, and wrong for reasons of its own. */
async function dockerIfAny(choice: EngineChoice, host: EngineHost, consent: Consent): ReturnType<typeof findDocker> {
  try {
    return await findDocker({ ...searchFor(choice, host, consent), daemonTimeoutMs: quickTimeoutMs });
  } catch (error) {
    const isOthers = error instanceof Failure && error.code === 'compose' && choice.docker === undefined;
    if (isOthers) return { missing: error.message };
    throw error;
  }
}

function searchFor(choice: EngineChoice, host: EngineHost, consent: Consent): Parameters<typeof findDocker>[0] {
  const { cwd, projectFolder, env, signal } = host;
  // Where an image of one's own has its backends is for its compose file to say.
  const isReplaced = (word: string): boolean => isOwnFlag(word) && !/^-{1,2}backend-d/.test(word);
  return {
    choice: choice.docker ?? anyDocker,
    environment: choice.environment,
    folders: [cwd, projectFolder],
    isOwnFlag: isReplaced,
    ...{ env, signal, ...consent },
  };
}
