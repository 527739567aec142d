import { z } from 'zod';
import { Failure, messageOf } from '../../failure.ts';
import { isImageName } from '../../image-name.ts';
import type { DockerCli } from './docker-cli.ts';

export type Image = { readonly name: string; readonly id: string; readonly entrypoint: readonly string[] };

const described = z.object({
  Id: z.string(),
  Config: z.object({ Entrypoint: z.array(z.string()).nullish() }).nullish(),
});

const pullTimeoutMs = 4 * 3_600_000;

/** The image as this host has it, or undefined. @throws Failure (usage) for a name that is none. */
export async function imageOnHost(
  docker: DockerCli,
  name: string,
  where: string,
  signal?: AbortSignal,
): Promise<Image | undefined> {
  if (!isImageName(name)) {
    throw new Failure('usage', 'image', `${JSON.stringify(name)} names no image (${where})`, {
      hint: 'an image is written as registry/path:tag, such as nvcr.io/nvidia/tritonserver:24.10-py3',
    });
  }
  try {
    const args = ['image', 'inspect', '--format', '{{json .}}', name];
    const { Id, Config } = described.parse(JSON.parse(await docker.run(args, signal === undefined ? {} : { signal })));
    return { name, id: Id, entrypoint: Config?.Entrypoint ?? [] };
  } catch (error) {
    if (error instanceof Failure && /no such image/i.test(error.message)) return undefined;
    throw error;
  }
}

/** What a user reads where an image is missing: nothing of that size is fetched unasked. */
export function imageMissing(name: string, where: string): Failure {
  return new Failure('server', 'no-image', `the image ${name} is not on this host (${where})`, {
    hint: `fetch it with: docker pull ${name} (${sizeInWords(name)})\nor let Tritune do so before it measures: tritune sweep --pull\nor rehearse without it: --engine embedded`,
  });
}

/** About how much a fetch is. */
export function sizeInWords(name: string): string {
  if (/^nvcr\.io\/nvidia\/tritonserver:\d\d\.\d\d-py3(@|$)/.test(name)) return 'about 8 GB to fetch, 16 GB on the disk';
  if (/^nvcr\.io\/nvidia\/tritonserver:\d\d\.\d\d-py3-min(@|$)/.test(name))
    return 'about 4 GB to fetch, 8 GB on the disk';
  return 'its size is not known beforehand; those of Triton are 4 to 16 GB';
}

/** Fetches an image; `tell` gets what Docker says of its progress. @throws Failure (server) where it cannot be had. */
export async function pullImage(
  docker: DockerCli,
  name: string,
  { tell, signal }: { tell: (line: string) => void; signal?: AbortSignal },
): Promise<void> {
  tell(`fetching ${name} (${sizeInWords(name)})`);
  try {
    await docker.run(['pull', name], {
      timeoutMs: pullTimeoutMs,
      onLine: tell,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'docker') throw error;
    throw new Failure(
      'server',
      'pull',
      `the image ${name} cannot be fetched: ${messageOf(error).replace(/^docker pull \S* ?failed: /, '')}`,
      {
        hint: 'look at the name, the network, the room on the disk (docker system df), and whether its registry wants docker login',
        cause: error,
      },
    );
  }
}
