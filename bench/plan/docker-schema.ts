import { resolve } from 'node:path';
import { z } from 'zod';
import { isImageName } from '../image-name.ts';
import type { DockerChoice, EngineChoice } from './plan.ts';

const cpuList = /^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?){0,511}$/;

/** The keys of `engine` that only containers know. */
export const dockerFields = {
  image: z
    .string({ error: 'image is the name of a container image' })
    .refine(isImageName, 'an image is written as registry/path:tag, such as nvcr.io/nvidia/tritonserver:24.10-py3')
    .exactOptional(),
  composeFile: z
    .string({ error: 'composeFile is the path of a compose file' })
    .min(1, 'composeFile is the path of a compose file')
    .refine((path) => !path.includes('\0'), 'a path holds no zero character')
    .exactOptional(),
  service: z
    .string({ error: 'service is the name of a service in the compose file' })
    .regex(/^[A-Za-z0-9._-]{1,100}$/, 'service is the name of a service in the compose file')
    .exactOptional(),
  cpuset: z
    .string({ error: 'cpuset is a list of processors as text, such as "0-3,8"' })
    .regex(cpuList, 'cpuset is a list of processors, such as "0-3,8"')
    .refine((list) => list.split(',').every(ascends), 'a range of processors goes from the lower number to the higher')
    .exactOptional(),
};

type Fields = { readonly [Name in keyof DockerChoice]?: string | undefined };

/** An engine that is no container would take them without a word. */
export function refuseDockerFields(engine: Fields & Pick<EngineChoice, 'kind'>, context: z.RefinementCtx): void {
  if (engine.kind === 'docker' || engine.kind === 'auto') return;
  for (const name of names.filter((each) => engine[each] !== undefined)) {
    context.addIssue({ code: 'custom', path: [name], message: `is for engine docker, not for ${engine.kind}` });
  }
}

/** What the plan says of Docker, paths resolved from the plan's folder; undefined where it says nothing. */
export function dockerChoice(fields: Fields, folder: string): DockerChoice | undefined {
  if (names.every((name) => fields[name] === undefined)) return undefined;
  const { image = null, composeFile, service = null, cpuset = null } = fields;
  return { image, composeFile: composeFile === undefined ? null : resolve(folder, composeFile), service, cpuset };
}

const names = ['image', 'composeFile', 'service', 'cpuset'] as const;

function ascends(range: string): boolean {
  const [from = 0, to = from] = range.split('-').map(Number);
  return from <= to;
}
