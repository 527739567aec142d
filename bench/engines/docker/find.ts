import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure } from '../../failure.ts';
import type { DockerChoice } from '../../plan/plan.ts';
import type { Engine } from '../engine.ts';
import { type ComposeService, readComposeFile } from './compose-file.ts';
import { findDaemon, type Missing } from './daemon.ts';
import { type DockerCli, dockerCli } from './docker-cli.ts';
import { dockerEngine } from './engine.ts';
import { type Image, imageMissing, imageOnHost, pullImage } from './image.ts';
import { readCommand } from './server-command.ts';

export type FindDockerOptions = {
  readonly choice: DockerChoice;
  /** Variables of the server's process beside those that the compose file gives it; none where left out. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where compose files are looked for, the first folder first, if the choice names none. */
  readonly folders: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Flags that a run sets itself, which a compose file's own command then has not. */
  readonly isOwnFlag: (word: string) => boolean;
  /** How long the daemon may take to answer; 10 s where left out. */
  readonly daemonTimeoutMs?: number;
  /** How long a server may take to answer ready; 60 s where left out. */
  readonly readyTimeoutMs?: number;
  /** Consent to fetch an image that is missing; it gets what there is to tell of it. */
  readonly pull?: (line: string) => void;
};

/** What `docker compose` looks for, and in that order. */
const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const daemonTimeoutMs = 10_000;

/**
 * The engine that serves by Docker, and with what image; or why there is none.
 * @throws Failure: usage for a compose file that cannot be used, server where all is there but the image.
 */
export async function findDocker(
  options: FindDockerOptions,
): Promise<{ engine: Engine; image: Image; file: string } | Missing> {
  const { choice, env, signal } = options;
  const given = signal === undefined ? {} : { signal };
  const files = composeFilesOf(options);
  if (files.length === 0) return { missing: `there is no compose file in ${options.folders.join(' or ')}` };
  const docker = dockerCli(env);
  const daemon = await findDaemon(docker, { timeoutMs: options.daemonTimeoutMs ?? daemonTimeoutMs, ...given });
  if ('missing' in daemon) return daemon;
  const compose = await firstService(docker, files, options);
  if ('missing' in compose) return compose;
  const where = `service ${compose.name} of ${compose.file}`;
  const image = await imageFor(docker, compose, { where, ...options });
  const command = readCommand(
    { entrypoint: image.entrypoint, ...withoutNull(compose.service) },
    where,
    options.isOwnFlag,
  );
  const engine = dockerEngine({
    ...{ docker, compose, command, image },
    network: daemon.network,
    cpuset: choice.cpuset,
    environment: options.environment ?? {},
    ...(options.readyTimeoutMs === undefined ? {} : { readyTimeoutMs: options.readyTimeoutMs }),
  });
  return { engine, image, file: compose.file };
}

function composeFilesOf({ choice, folders }: FindDockerOptions): string[] {
  if (choice.composeFile !== null) {
    if (!existsSync(choice.composeFile)) {
      throw new Failure('usage', 'compose', `there is no compose file ${choice.composeFile}`, {
        hint: 'composeFile in the plan counts from the folder of the plan',
      });
    }
    return [choice.composeFile];
  }
  const found = folders.flatMap((folder) =>
    composeFiles
      .map((name) => resolve(join(folder, name)))
      .filter(existsSync)
      .slice(0, 1),
  );
  return [...new Set(found)];
}

/** A compose file that says nothing of Triton is some other application's. */
async function firstService(
  docker: DockerCli,
  files: readonly string[],
  { choice, signal }: FindDockerOptions,
): Promise<ComposeService | { missing: string }> {
  const reasons: string[] = [];
  for (const file of files) {
    const found = await readComposeFile(docker, file, {
      service: choice.service,
      image: choice.image,
      ...(signal === undefined ? {} : { signal }),
    });
    if (!('missing' in found)) return found;
    reasons.push(found.missing);
  }
  return { missing: reasons.join(', and ') };
}

async function imageFor(
  docker: DockerCli,
  { image: name }: ComposeService,
  { where, signal, pull }: FindDockerOptions & { where: string },
): Promise<Image> {
  const there = await imageOnHost(docker, name, where, signal);
  if (there !== undefined) return there;
  if (pull === undefined) throw imageMissing(name, where);
  await pullImage(docker, name, { tell: pull, ...(signal === undefined ? {} : { signal }) });
  const fetched = await imageOnHost(docker, name, where, signal);
  if (fetched === undefined) throw imageMissing(name, where);
  return fetched;
}

/** Compose writes null for what the image decides. */
function withoutNull({ command, entrypoint }: ComposeService['service']): { command: unknown; entrypoint?: unknown } {
  return { command, ...(entrypoint === null || entrypoint === undefined ? {} : { entrypoint }) };
}
