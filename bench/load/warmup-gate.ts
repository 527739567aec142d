/** Lets several threads that load one server measure at the same time: none does before all have warmed up. */
export type WarmupGate = {
  /** Called once, when this thread's own warm-up is done. */
  arrived(): void;
  /** Asked again and again from then on, cheaply: whether all threads have arrived. Load goes on meanwhile. */
  open(): boolean;
};
