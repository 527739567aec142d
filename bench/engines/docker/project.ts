import type { ComposePart, ComposeService } from './compose-file.ts';
import type { Network } from './daemon.ts';

export type ProjectOptions = {
  /** Name of the project, and of its one container. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** An image's id, so that a name that moves cannot change what a run measures. */
  readonly image: string;
  readonly command: readonly string[];
  /** Of this host, and where the container has it. */
  readonly repository: { readonly from: string; readonly to: string };
  readonly network: Network;
  readonly ports: readonly number[];
  /** The processors that the container may use, "0-3,8"; the service's own where null. */
  readonly cpuset: string | null;
  /** Variables beside those of the service, or in their place. */
  readonly environment: Readonly<Record<string, string>>;
};

/** The key of the one service of a project. */
export const serviceKey = 'triton';

/** Of the python backend; what Docker gives by default is soon full. */
const defaultSharedMemory = '1gb';

/** What a run must not share with the service that it is modelled on, or decides itself. */
const leftOut = new Set([
  'annotations',
  'attach',
  'build',
  'container_name',
  'depends_on',
  'develop',
  'domainname',
  'expose',
  'external_links',
  'healthcheck',
  'hostname',
  'init',
  'ipc',
  'labels',
  'links',
  'logging',
  'mac_address',
  'network_mode',
  'networks',
  'ports',
  'profiles',
  'pull_policy',
  'restart',
  'scale',
  'stdin_open',
  'stop_grace_period',
  'stop_signal',
  'tty',
  'volumes_from',
]);

/**
 * A compose project, as JSON, of the service alone under names of its own: image, environment, volumes, limits and devices as in the
 * file; name, ports, labels, restart policy, health check and log the run's. Nothing of it can meet a container of the user's,
 * be found by a proxy that goes by labels, or begin again by itself.
 */
export function composeProject({ service, shared }: ComposeService, options: ProjectOptions): string {
  const { name, labels, image, command, repository, network, ports, cpuset, environment } = options;
  const kept = Object.fromEntries(Object.entries(service).filter(([key]) => !leftOut.has(key)));
  const texts = {
    image,
    command,
    container_name: name,
    labels,
    ...(cpuset === null ? {} : { cpuset }),
    ...(network === 'host'
      ? { network_mode: 'host' }
      : {
          ports: ports.map((port) => ({
            mode: 'host',
            host_ip: '127.0.0.1',
            target: port,
            published: String(port),
            protocol: 'tcp',
          })),
        }),
    logging: { driver: 'json-file', options: { 'max-size': '64m', 'max-file': '2' } },
  };
  const model = {
    services: {
      [serviceKey]: {
        ...kept,
        ...withoutReplicas(kept.deploy),
        shm_size: kept.shm_size ?? defaultSharedMemory,
        ...literal(texts),
        ...withVariables(service, literal(environment)),
        volumes: [
          ...volumesOf(service).filter(({ target }) => target !== literalText(repository.to)),
          {
            type: 'bind',
            source: literalText(repository.from),
            target: literalText(repository.to),
            read_only: true,
            bind: { create_host_path: false },
          },
        ],
        pull_policy: 'never',
        restart: 'no',
        // Each probe would be a process of its own among those that are measured.
        healthcheck: { disable: true },
      },
    },
    volumes: Object.fromEntries(Object.entries(shared.volumes).map(([key, volume]) => [key, ownVolume(volume)])),
    secrets: shared.secrets,
    configs: shared.configs,
    ...(network === 'host' ? {} : { networks: { default: { labels: literal(labels) } } }),
  };
  return plainJson(model);
}

function withoutReplicas(deploy: unknown): { deploy?: unknown } {
  if (typeof deploy !== 'object' || deploy === null) return {};
  return { deploy: Object.fromEntries(Object.entries(deploy).filter(([key]) => key === 'resources')) };
}

/** Compose tells a service's own by name, whichever way they were written. */
function withVariables({ environment }: ComposePart, more: object): { environment?: object } {
  const own = typeof environment === 'object' && environment !== null ? environment : {};
  const all = { ...own, ...more };
  return Object.keys(all).length === 0 ? {} : { environment: all };
}

function volumesOf({ volumes }: ComposePart): ComposePart[] {
  return Array.isArray(volumes) ? volumes.filter((volume) => typeof volume === 'object' && volume !== null) : [];
}

/** A volume that compose would remove with the project is one of the project; that of another name is the user's. */
function ownVolume(volume: unknown): unknown {
  const { external, driver, driver_opts, name } = (volume ?? {}) as Record<string, unknown>;
  if (external !== undefined && external !== false) return { external: true, name };
  return { ...(driver === undefined ? {} : { driver }), ...(driver_opts === undefined ? {} : { driver_opts }) };
}

/** Compose fills in variables once more; what was not written for it has its `$` doubled. */
function literal<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, each: unknown) =>
    typeof each === 'string' ? literalText(each) : each,
  ) as T;
}

function literalText(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** JSON that is YAML too: of the characters that JSON may hold as they are, YAML takes some for line ends and refuses others. */
function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
