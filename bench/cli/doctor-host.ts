import { statSync } from 'node:fs';
import { cpus, hostname } from 'node:os';
import { join } from 'node:path';
import type { EngineKind } from '../engines/engine.ts';
import { findLocal } from '../engines/local/find.ts';
import { choosePorts } from '../engines/local/ports.ts';
import type { Placement } from '../engines/placement/choose.ts';
import { readTopology } from '../engines/placement/topology.ts';
import type { EngineChoice, Plan } from '../plan/plan.ts';
import type { Check } from '../run/checks.ts';
import { readContainerLimits } from '../run/container-limits.ts';
import {
  checkDisk,
  checkGovernor,
  checkNoiseFloor,
  checkOthers,
  checkPlacement,
  checkQuota,
  checkStrain,
} from '../run/host-checks.ts';
import { measuringHere } from '../run/host-claim.ts';
import { hostClaimFolder } from '../run/host-claim-folder.ts';
import { readPowerFacts } from '../run/host-facts.ts';
import { listHostFolder } from '../run/host-files.ts';
import { watchStrain } from '../run/host-strain.ts';
import { floorPlace, lastNoiseFloor } from '../run/noise-floor.ts';
import type { Host } from './host.ts';
import { stateFolderOf } from './state-folder.ts';

/** What a run writes beside the copy of its model: its journal, its reports, the server's log. */
const runBytes = 200 * 2 ** 20;

/** The state of the host, whatever the plan: takes a third of a second. */
export async function checkHost(
  host: Host,
  { plan, kind, placement }: { plan: Plan | undefined; kind: EngineKind; placement: Placement | undefined },
): Promise<Check[]> {
  // Before all else, as looking costs processor time too.
  const strain = await watchStrain();
  const environment = { host: { name: hostname(), cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length } };
  const place = floorPlace(stateFolderOf(host), environment, { kind, version: '', backend: '' });
  return [
    ...(placement === undefined ? [] : [checkPlacement(placement)]),
    checkGovernor(readPowerFacts()),
    ...checkStrain(strain),
    ...checkQuota(readContainerLimits()),
    checkNoiseFloor(lastNoiseFloor(place, kind), new Date()),
    checkDisk(join(host.cwd, 'reports'), runBytes + modelBytes(plan)),
    ...checkOthers(measuringHere(hostClaimFolder(host.env))),
  ];
}

/** Whether the ports that a plan names, or any at all, are free on loopback. Rejects with a Failure (server) where not. */
export async function checkPorts({ httpPort, grpcPort }: EngineChoice): Promise<Check> {
  const fixed = { ...(httpPort === null ? {} : { http: httpPort }), ...(grpcPort === null ? {} : { grpc: grpcPort }) };
  const { http, grpc } = await choosePorts(fixed);
  const named = Object.keys(fixed).length > 0;
  const finding = named ? `HTTP ${http} and gRPC ${grpc} are free` : 'free ones are found for each server';
  return { what: 'ports', status: 'ok', finding, advice: null };
}

/** Which binary serves, and how it was found. */
export function localInWords(
  choice: EngineChoice,
  { projectFolder, env }: Pick<Host, 'projectFolder' | 'env'>,
): string {
  const found = findLocal({ root: projectFolder, env, ...(choice.path === null ? {} : { path: choice.path }) });
  if ('missing' in found) return `local: ${found.missing}`;
  const how = {
    path: 'as the plan says',
    PATH: 'on PATH',
    installation: 'installed by tritune, with a python-based onnxruntime backend: a rehearsal',
  }[found.by];
  return `local: ${found.binary} (${how})`;
}

/** The processors of this host, for what is looked at where a plan cannot be placed. */
export function undivided(): Placement {
  const { allowed, online, cores, siblingsKnown } = readTopology();
  const count = { serverCpuCount: allowed.length, clientCpuCount: allowed.length };
  const own = { serverCoreCount: cores.length, clientCoreCount: cores.length };
  const narrowed = allowed.length < online.length;
  return {
    ...count,
    ...own,
    divided: false,
    because: 'asked',
    server: '',
    client: '',
    memoryNodes: null,
    narrowed,
    siblingsKnown,
    splitCores: false,
  };
}

function modelBytes(plan: Plan | undefined): number {
  if (plan === undefined) return 0;
  const folder = join(plan.modelRepository, plan.model);
  const sizes = listHostFolder('', folder).flatMap((name) =>
    /^\d+$/.test(name) ? listHostFolder('', join(folder, name)).map((file) => sizeOf(join(folder, name, file))) : [],
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
