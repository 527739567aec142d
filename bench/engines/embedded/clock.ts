/** The monotonic clock that all threads of a process share, in ns. */
export function nowNs(): number {
  return Number(process.hrtime.bigint());
}
