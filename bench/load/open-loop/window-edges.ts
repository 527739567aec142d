import { watchClientCost } from '../client-cost.ts';
import type { ClientCost } from '../measurement.ts';

/** Tells a listener of the window's edges and watches the client's cost between them. */
export class WindowEdges {
  cost: ClientCost = { cpuNs: 0, eventLoopUtilization: 0, runQueueWaitRatio: null };
  readonly #listener: ((edge: 'open' | 'close') => void) | undefined;
  readonly #stop: (error: unknown) => void;
  #watch: (() => ClientCost) | undefined;

  /** `stop` is given what the listener throws. */
  constructor(listener: ((edge: 'open' | 'close') => void) | undefined, stop: (error: unknown) => void) {
    this.#listener = listener;
    this.#stop = stop;
  }

  open(): void {
    this.#watch = watchClientCost();
    this.#tell('open');
  }

  close(): void {
    if (this.#watch !== undefined) this.cost = this.#watch();
    this.#tell('close');
  }

  #tell(edge: 'open' | 'close'): void {
    try {
      this.#listener?.(edge);
    } catch (error) {
      this.#stop(error);
    }
  }
}
