import { Lane, type LaneLoad } from '../lane.ts';

/**
 * The lanes of an open loop: made as they are needed, up to a limit, and never taken away.
 *
 * Making a connection costs a client as much as several requests. A client that made one for each request waiting while it or
 * the server stood still for a moment would be busy with that for longer than they did, and never catch up. So there is
 * a store of `burstCount` connections that can be made at once, which fills up by one each ms; a request that finds none
 * waits for the next free connection, its latency counted from its intended time.
 */
export class LanePool {
  readonly lanes: Lane[] = [];
  readonly #load: LaneLoad;
  readonly #limit: number;
  /** In the order in which they became so: all connections are used in turn, and none is idle for long. */
  readonly #ready = new Set<Lane>();
  #store = burstCount;
  #storedNs = 0;

  constructor(load: LaneLoad, limit: number) {
    this.#load = load;
    this.#limit = limit;
  }

  /** Opens lanes until there are so many. */
  grow(count: number): void {
    while (this.lanes.length < Math.min(count, this.#limit)) {
      const lane = new Lane(this.#load);
      this.lanes.push(lane);
      lane.open();
    }
  }

  /** What `outstandingCount` requests need, and some more: a request must not wait for a connection to be made for it. */
  growFor(outstandingCount: number, nowNs: number): void {
    const wantedCount = outstandingCount + 1 + Math.ceil(outstandingCount / sparesDivisor) - this.lanes.length;
    if (wantedCount <= 0) return;
    this.#store = Math.min(burstCount, this.#store + (nowNs - this.#storedNs) / refillNs);
    this.#storedNs = nowNs;
    const count = Math.min(wantedCount, Math.floor(this.#store));
    this.#store -= count;
    this.grow(this.lanes.length + count);
  }

  ready(lane: Lane): void {
    this.#ready.add(lane);
  }

  /** True where it was ready. */
  unready(lane: Lane): boolean {
    return this.#ready.delete(lane);
  }

  /** A ready lane, which is not so any more; undefined without one. */
  take(): Lane | undefined {
    for (const lane of this.#ready) {
      this.#ready.delete(lane);
      return lane;
    }
    return undefined;
  }

  close(): void {
    this.#ready.clear();
    for (const lane of this.lanes) lane.close();
  }
}

const sparesDivisor = 8;
const burstCount = 64;
const refillNs = 1e6;
