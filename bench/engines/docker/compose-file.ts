import { dirname } from 'node:path';
import { z } from 'zod';
import { Failure, messageOf } from '../../failure.ts';
import type { DockerCli } from './docker-cli.ts';

/** A part of a compose file that is passed on as compose resolved it: variables filled in, `$` doubled. */
export type ComposePart = Readonly<Record<string, unknown>>;

/** The service of a compose file that serves Triton, as compose itself reads it. */
export type ComposeService = {
  readonly file: string;
  readonly name: string;
  readonly image: string;
  readonly service: ComposePart;
  /** What services may refer to, by its key at the top of the file. */
  readonly shared: { readonly volumes: ComposePart; readonly secrets: ComposePart; readonly configs: ComposePart };
};

const part = z.record(z.string(), z.unknown());
const composeFile = z.object({
  services: z.record(z.string(), part),
  volumes: part.optional(),
  secrets: part.optional(),
  configs: part.optional(),
});

const limits = { timeoutMs: 20_000 };

/**
 * Reads a compose file with all its variables, profiles and included files, and chooses the service: the one that is named, else
 * `triton`, else the only one that has to do with a tritonserver.
 * @throws Failure (usage) where compose refuses the file, or the service named is not in it.
 */
export async function readComposeFile(
  docker: DockerCli,
  file: string,
  wanted: { service: string | null; image: string | null; signal?: AbortSignal },
): Promise<ComposeService | { missing: string }> {
  const { services, volumes = {}, secrets = {}, configs = {} } = await resolved(docker, file, wanted.signal);
  const name = wanted.service ?? serviceIn(services);
  if (name === undefined) return { missing: `${file} has no service triton` };
  const service = Object.hasOwn(services, name) ? services[name] : undefined;
  if (service === undefined) {
    throw new Failure('usage', 'compose', `${file} has no service ${name}`, {
      hint: `services there: ${Object.keys(services).join(', ')}`,
    });
  }
  const image = wanted.image ?? imageOf(service);
  if (image === undefined) {
    throw new Failure('usage', 'compose', `service ${name} of ${file} names no image`, {
      hint: 'build it under a name of its own (docker build --tag NAME), and write image: NAME into the service or the plan',
    });
  }
  return { file, name, image, service, shared: { volumes, secrets, configs } };
}

async function resolved(
  docker: DockerCli,
  file: string,
  signal: AbortSignal | undefined,
): Promise<z.infer<typeof composeFile>> {
  const given = signal === undefined ? limits : { ...limits, signal };
  const args = [
    '--project-name',
    'tritune',
    '--file',
    file,
    '--project-directory',
    dirname(file),
    '--profile',
    '*',
    'config',
    '--format',
    'json',
  ];
  try {
    return composeFile.parse(JSON.parse(await docker.run(['compose', ...args], given)));
  } catch (error) {
    if (error instanceof Failure && error.code !== 'docker') throw error;
    if (error instanceof Failure || error instanceof SyntaxError || error instanceof z.ZodError) {
      const said =
        error instanceof Failure ? error.message.replace(/^docker compose \w+ failed: /, '') : 'it is no compose file';
      throw new Failure('usage', 'compose', `${file} cannot be used: ${said}`, {
        hint: `docker compose --file ${file} config says more`,
        cause: messageOf(error),
      });
    }
    throw error;
  }
}

function serviceIn(services: Readonly<Record<string, ComposePart>>): string | undefined {
  if (Object.hasOwn(services, 'triton')) return 'triton';
  const fitting = Object.keys(services).filter((name) => {
    const { image, command } = services[name] ?? {};
    return /tritonserver/.test(JSON.stringify([image, command]));
  });
  return fitting.length === 1 ? fitting[0] : undefined;
}

function imageOf(service: ComposePart): string | undefined {
  const image = service.image;
  // As everywhere in what compose resolved, a `$` is written twice.
  return typeof image === 'string' && image !== '' ? image.replaceAll('$$', '$') : undefined;
}
