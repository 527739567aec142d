import { count } from './format.ts';
import { plainText } from './plain-text.ts';
import type { Results } from './results.ts';

type Placement = Results['run']['placement'];

/** For which CPUs the verdict holds: one sentence. */
export function placementSentence({ run: { placement } }: Pick<Results, 'run'>): string {
  const { divided, because, memoryNodes, splitCores, siblingsKnown } = placement;
  if (because === 'elsewhere')
    return 'Which CPUs the server had is not known here: the verdict holds for the server as it was found.';
  if (!divided)
    return `Server and client shared ${cores(placement.serverCoreCount)} (CPUs ${plainText(placement.server)}), ${reasons[because]}: the verdict holds for this set of CPUs, with a client beside the server.`;
  const memory = memoryNodes === null ? '' : `, its memory on node ${plainText(memoryNodes)}`;
  const doubt = splitCores
    ? '; some of these cores are shared with others'
    : siblingsKnown
      ? ''
      : '; which of these CPUs share a core is not known on this host';
  return `The server had ${cores(placement.serverCoreCount)} (CPUs ${plainText(placement.server)})${memory}, the client ${cores(placement.clientCoreCount)} of its own (CPUs ${plainText(placement.client)}): the verdict holds for this set of CPUs${doubt}.`;
}

/** "CPUs 0-13, 14 cores": one side, for a list of facts. */
export function cpusInWords(cpus: string, coreCount: number): string {
  return cpus === '' ? 'not known' : `${cpus} (${cores(coreCount)})`;
}

const reasons: Record<Placement['because'], string> = {
  auto: 'as they were not divided',
  elsewhere: 'as the server is elsewhere',
  asked: 'as the plan says',
  'few-cores': 'which are too few to divide',
  'no-taskset': 'as there is no taskset to divide them with',
};

function cores(number: number): string {
  return number === 1 ? '1 core' : `${count(number)} cores`;
}
