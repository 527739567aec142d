/** Where a server is to run; an engine binds it by the means that it has. */
export type ServerPlacement = {
  /** A list of CPUs, as taskset and a container's cpuset take it: "0-13,16-29". */
  readonly cpus: string;
  /** A list of NUMA nodes for its memory; null where that is not bound. */
  readonly memoryNodes: string | null;
};

/** The words in front of a command that make it, and all that it starts, run there; they replace themselves by it. */
export function placedBy(placement: ServerPlacement | undefined): readonly string[] {
  if (placement === undefined) return [];
  const { cpus, memoryNodes } = placement;
  return [...(memoryNodes === null ? [] : ['numactl', `--membind=${memoryNodes}`]), 'taskset', '-c', cpus];
}
