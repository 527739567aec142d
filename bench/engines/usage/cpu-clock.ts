/** How a server's processor time is known: from its threads' own clocks, its processes' ticks of 10 ms, or its container's clock. */
export type CpuSource = 'threads' | 'processes' | 'cgroup';

/** Processor time of a server, which only grows. Made and disposed of while nobody is measured; a reading takes well below 1 ms. */
export type CpuClock = Disposable & {
  readonly source: CpuSource;
  /** Since any beginning; null where it cannot be read any more. */
  readNs(): number | null;
};
