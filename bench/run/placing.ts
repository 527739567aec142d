import type { Server } from '../engines/engine.ts';
import { choosePlacement, type Placement } from '../engines/placement/choose.ts';
import { cpusOfProcess, pinThisProcess } from '../engines/placement/pin.ts';
import type { ServerPlacement } from '../engines/placement/server-placement.ts';
import { findPlacementTools } from '../engines/placement/tools.ts';
import { readTopology } from '../engines/placement/topology.ts';
import { Failure } from '../failure.ts';
import type { Plan } from '../plan/plan.ts';

/** Which CPUs server and client of a plan have on this host. @throws Failure (usage) where the plan's lists cannot be had here. */
export async function placementOf(plan: Pick<Plan, 'placement'>, engine: string): Promise<Placement> {
  const host = readTopology();
  return choosePlacement(plan.placement, host, { tools: await findPlacementTools(host), engine });
}

/** Binds this process where the client is to run; without a division it is left alone. */
export async function placeClient({ divided, client }: Placement): Promise<AsyncDisposable> {
  return divided ? await pinThisProcess(client) : { async [Symbol.asyncDispose]() {} };
}

/** What an engine is told of it. */
export function serverPlacement({ divided, server, memoryNodes }: Placement): ServerPlacement | undefined {
  return divided ? { cpus: server, memoryNodes } : undefined;
}

/** @throws Failure (server) where a server of this host runs on other CPUs than it was bound to: a wider cpuset cuts lists in silence. */
export function checkServerPlace({ pid }: Pick<Server, 'pid'>, placement: Placement): void {
  if (!placement.divided || pid === undefined) return;
  const cpus = cpusOfProcess(pid);
  if (cpus === undefined || cpus === placement.server) return;
  throw new Failure('server', 'placement', `the server runs on CPUs ${cpus}, not on ${placement.server}`, {
    hint: 'something else on this host binds it: write placement: none, or lists that it may have',
  });
}

/** The processors that a client of its own CPUs may take for all of the host, half of which it leaves to the server. */
export function processorsFor({ divided, clientCpuCount }: Placement, here: number): number {
  return divided ? 2 * clientCpuCount : here;
}
