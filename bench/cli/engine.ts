import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import type { Engine } from '../engines/engine.ts';
import { findLocal } from '../engines/local/find.ts';
import { Failure } from '../failure.ts';
import type { EngineChoice } from '../plan/plan.ts';
import type { Host } from './host.ts';

/** What `--engine` may say. */
export const engineKinds = ['auto', 'local', 'embedded'] as const;

export type EngineHost = Pick<Host, 'projectFolder' | 'cwd' | 'env' | 'signal'>;

/** An engine, and why it is this one where nobody asked for it. */
export type ChosenEngine = { readonly engine: Engine; readonly reason: string | undefined };

const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const dockerTimeoutMs = 3_000;

/**
 * The engine that a plan asks for. `auto` is a Triton of this host, else the embedded server; where Docker could serve the
 * project's compose file, nobody but the user can say which is meant.
 * @throws Failure: usage for an engine that this version has not, server where none is found or the choice is open.
 */
export async function chooseEngine(choice: EngineChoice, host: EngineHost): Promise<ChosenEngine> {
  // As if they were set where the command was given: what an engine adds to these, it adds to its own too.
  const env = { ...host.env, ...choice.environment };
  if (choice.kind === 'embedded') return { engine: embeddedEngine(env), reason: undefined };
  if (choice.kind === 'docker' || choice.kind === 'remote') {
    throw new Failure('usage', 'engine', `there is no ${choice.kind} engine yet`, {
      hint: 'write engine: local or engine: embedded',
    });
  }
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
  const composeFile = findComposeFile(host);
  if (composeFile !== undefined && (await answersDocker(host))) {
    throw new Failure(
      'server',
      'which-engine',
      `there is no local Triton, but Docker answers and ${composeFile} is there`,
      {
        hint: 'say what to measure: --engine embedded for a rehearsal on the embedded server, or npm run triton:install for a Triton on this host',
      },
    );
  }
  return {
    engine: embeddedEngine(env),
    reason: `on the embedded server, as a rehearsal: ${found.missing}`,
  };
}

function findComposeFile({ cwd, projectFolder }: EngineHost): string | undefined {
  return [cwd, projectFolder]
    .flatMap((folder) => composeFiles.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}

/** Whether a Docker daemon is there, not only the program. */
async function answersDocker({ env, signal }: EngineHost): Promise<boolean> {
  const { failed } = await execa('docker', ['info'], {
    env,
    extendEnv: false,
    reject: false,
    stdio: 'ignore',
    timeout: dockerTimeoutMs,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  return !failed;
}
