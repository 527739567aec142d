import { listIds, type ProcessStat, readKernelFile, readStat } from './proc-files.ts';

const processMost = 1_024;

/**
 * A process and all that it started and that still runs, itself first; `mine` may leave some out, with what they started. Empty where
 * there is no such process. Reads below `root`, "/" of a host.
 */
export function descendantsOf(pid: number, mine: (stat: ProcessStat) => boolean = () => true, root = '/'): number[] {
  const childrenOf = isCheaperByThreads(root, pid) ? childrenFromFiles(root) : childrenFromAll(root);
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.shift(); next !== undefined && found.length < processMost; next = queue.shift()) {
    const stat = readStat(root, next);
    if (stat === undefined || stat.hasEnded || !mine(stat) || found.includes(next)) continue;
    found.push(next);
    queue.push(...childrenOf(next));
  }
  return found;
}

/** Not every kernel is built to have such files, and a server with many instances may have more threads than the host has processes. */
function isCheaperByThreads(root: string, pid: number): boolean {
  if (readKernelFile(root, `proc/${pid}/task/${pid}/children`) === undefined) return false;
  return listIds(root, `proc/${pid}/task`).length <= listIds(root, 'proc').length;
}

/**
 * Each thread has the list of those that it started: no other process of the host need be looked at. Any thread of a server may have started
 * what serves a model; of what that starts in turn the first thread is asked alone, since there may be hundreds of others.
 */
function childrenFromFiles(root: string): (pid: number) => number[] {
  const ofServers = new Set<number>();
  return (pid) => {
    const threads = ofServers.has(pid) ? [pid] : listIds(root, `proc/${pid}/task`);
    const children = threads.flatMap((thread) => childrenIn(root, `proc/${pid}/task/${thread}/children`));
    if (threads.length > 1 || ofServers.has(pid)) for (const child of children) ofServers.add(child);
    return children;
  };
}

function childrenIn(root: string, file: string): number[] {
  const words = (readKernelFile(root, file) ?? '').split(' ');
  return words.filter((word) => /^\d+$/.test(word)).map(Number);
}

function childrenFromAll(root: string): (pid: number) => number[] {
  const parents = listIds(root, 'proc').map((pid) => ({ pid, parent: readStat(root, pid)?.parent ?? 0 }));
  const byParent = Map.groupBy(parents, ({ parent }) => parent);
  return (pid) => (byParent.get(pid) ?? []).map((child) => child.pid);
}
