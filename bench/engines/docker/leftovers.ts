import type { DockerCli } from './docker-cli.ts';
import { hasEnded, parseStarter, starterLabel } from './starter.ts';

export const projectName = /^tritune-\d+-[0-9a-f]{12}$/;

const format = `{{.Names}}\t{{.Label "${starterLabel}"}}`;

/** Containers of runs whose starter has surely ended. */
export async function abandonedContainers(docker: DockerCli, signal?: AbortSignal): Promise<string[]> {
  const listed = await docker.run(
    ['ps', '--all', '--no-trunc', '--filter', `label=${starterLabel}`, '--format', format],
    signal === undefined ? {} : { signal },
  );
  return listed.split('\n').flatMap((line) => {
    const [name = '', label = ''] = line.split('\t');
    const starter = parseStarter(label);
    return projectName.test(name) && starter !== undefined && hasEnded(starter) ? [name] : [];
  });
}

/** Takes away what runs have left that were killed together with their watchers, as by a reboot. */
export async function removeAbandoned(docker: DockerCli, signal?: AbortSignal): Promise<void> {
  for (const name of await abandonedContainers(docker, signal)) {
    // Another run may be doing the same.
    await docker.run(['rm', '--force', '--volumes', name]).catch(() => undefined);
    await docker.run(['network', 'rm', `${name}_default`]).catch(() => undefined);
  }
}
