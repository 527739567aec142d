import { formatCpuList } from '../../cpu-list.ts';
import { Failure } from '../../failure.ts';
import type { PlacementChoice } from '../../plan/plan.ts';
import type { Core, HostTopology } from './topology.ts';

/** Why the CPUs are divided, or why they are not. */
export type PlacementReason =
  /** The plan or the command line says so: by lists, or `none`. */
  | 'asked'
  /** Divided, because the host is large enough. */
  | 'auto'
  | 'few-cores'
  /** There is no way to bind a process here. */
  | 'no-taskset'
  /** The server is no process of this host. */
  | 'elsewhere';

/** Which CPUs the server and the client of a run have: plain data, as it stands in run.json. CPU lists are as taskset takes them. */
export type Placement = {
  /** False where both may use all of the same CPUs. */
  readonly divided: boolean;
  readonly because: PlacementReason;
  readonly server: string;
  readonly client: string;
  readonly serverCpuCount: number;
  readonly clientCpuCount: number;
  readonly serverCoreCount: number;
  readonly clientCoreCount: number;
  /** The NUMA nodes that the server's memory is bound to; null where it is not bound. */
  readonly memoryNodes: string | null;
  /** The server may not use all CPUs of the host, so that what counts the host's cores counts too many. */
  readonly narrowed: boolean;
  /** False where it is not known which CPUs share a core: what is divided may still share one. */
  readonly siblingsKnown: boolean;
  /** Some core has CPUs of both, or some of its CPUs belong to neither. */
  readonly splitCores: boolean;
};

/** What the host offers for binding processes. */
export type PlacementTools = { readonly taskset: boolean; readonly numactl: boolean };

/** With fewer cores, one for the client alone would be a quarter of the host and more. */
const coresLeast = 4;
/** From here on a second core for the client costs the server an eighth at the most. */
const coresForTwo = 16;

/**
 * Divides the CPUs that may be used between server and client, by whole cores; pure, so that it can be asked about any host.
 * @throws Failure (usage) where lists name CPUs that may not be used here, or nothing can be bound.
 */
export function choosePlacement(
  asked: PlacementChoice,
  host: HostTopology,
  { tools, engine }: { readonly tools: PlacementTools; readonly engine: string },
): Placement {
  const usable = usableCores(host);
  const shared = (because: PlacementReason): Placement => ({
    ...sidesOf(host, host.allowed, host.allowed),
    divided: false,
    because,
    memoryNodes: null,
  });
  if (asked.kind === 'none') return shared('asked');
  if (asked.kind === 'lists') return asListed(asked, host, { tools, engine });
  if (engine === 'remote') return shared('elsewhere');
  if (!tools.taskset) return shared('no-taskset');
  if (usable.length < coresLeast) return shared('few-cores');
  const client = clientCores(usable, usable.length >= coresForTwo ? 2 : 1);
  const server = usable.filter((core) => !client.includes(core));
  return divided(host, [cpusOf(server), cpusOf(client)], { because: 'auto', tools });
}

function asListed(
  { server, client }: PlacementChoice & { kind: 'lists' },
  host: HostTopology,
  { tools, engine }: { readonly tools: PlacementTools; readonly engine: string },
): Placement {
  const missing = [...server, ...client].filter((cpu) => !host.allowed.includes(cpu));
  const hint = `may be used here: ${formatCpuList(host.allowed)}; placement: auto divides them, none leaves them alone`;
  if (engine === 'remote')
    throw new Failure('usage', 'placement', 'a remote server is not placed from here', {
      hint: 'leave placement out',
    });
  if (missing.length > 0)
    throw new Failure('usage', 'placement', `placement names CPUs that may not be used: ${formatCpuList(missing)}`, {
      hint,
    });
  if (!tools.taskset)
    throw new Failure('usage', 'placement', 'there is no taskset, so that nothing can be placed', {
      hint: 'on Linux install util-linux; elsewhere write placement: none',
    });
  return divided(host, [server, client], { because: 'asked', tools });
}

/**
 * The cores for the client. All on one NUMA node, so that its threads share a cache. Where a node has just so many, the server
 * is left with fewer nodes and its instances nearer to their memory; else they come from the node with the most, which misses
 * them least. Among equals the last node and its last cores: CPU 0 and its neighbours take the host's own work, and what delays
 * the client stands in every latency, while a server of many threads has others to go on with.
 */
function clientCores(cores: readonly Core[], count: number): readonly Core[] {
  const byNode = [...Map.groupBy(cores, ({ node, socket }) => node ?? socket ?? 0)]
    .toSorted(([a], [b]) => a - b)
    .map(([, own]) => own)
    .filter((own) => own.length >= count);
  const exact = byNode.length > 1 ? byNode.findLast((own) => own.length === count) : undefined;
  const most = Math.max(...byNode.map((own) => own.length));
  const from = exact ?? byNode.findLast((own) => own.length === most) ?? cores;
  return from.slice(-count);
}

function divided(
  host: HostTopology,
  [server, client]: readonly [readonly number[], readonly number[]],
  { because, tools }: { readonly because: PlacementReason; readonly tools: PlacementTools },
): Placement {
  const nodes = new Set(host.cores.flatMap(({ node }) => node ?? []));
  const own = host.cores
    .filter(({ cpus }) => cpus.some((cpu) => server.includes(cpu)))
    .flatMap(({ node }) => node ?? []);
  const ownNodes = [...new Set(own)];
  const isPart = ownNodes.length > 0 && ownNodes.length < nodes.size;
  return {
    ...sidesOf(host, server, client),
    divided: true,
    because,
    memoryNodes: tools.numactl && isPart ? formatCpuList(ownNodes) : null,
  };
}

function sidesOf(host: HostTopology, server: readonly number[], client: readonly number[]) {
  const coresOf = (cpus: readonly number[]): number =>
    host.cores.filter((core) => core.cpus.some((cpu) => cpus.includes(cpu))).length;
  const isSplit = ({ cpus }: Core): boolean => {
    const sides = [server, client].filter((side) => cpus.some((cpu) => side.includes(cpu)));
    return sides.length > 0 && sides.some((side) => !cpus.every((cpu) => side.includes(cpu)));
  };
  return {
    server: formatCpuList(server),
    client: formatCpuList(client),
    serverCpuCount: server.length,
    clientCpuCount: client.length,
    serverCoreCount: coresOf(server),
    clientCoreCount: coresOf(client),
    narrowed: server.length < host.online.length,
    siblingsKnown: host.siblingsKnown,
    splitCores: host.cores.some(isSplit),
  };
}

/** Cores as far as their CPUs may be used. */
function usableCores({ cores, allowed }: HostTopology): Core[] {
  return cores
    .map((core) => ({ ...core, cpus: core.cpus.filter((cpu) => allowed.includes(cpu)) }))
    .filter(({ cpus }) => cpus.length > 0);
}

function cpusOf(cores: readonly Core[]): number[] {
  return cores.flatMap(({ cpus }) => cpus);
}
