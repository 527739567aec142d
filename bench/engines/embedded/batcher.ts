/** How the requests of one priority level wait. */
export type QueuePolicy = {
  readonly timeoutAction: 'REJECT' | 'DELAY';
  /** 0 for none. */
  readonly defaultTimeoutUs: number;
  readonly allowTimeoutOverride: boolean;
  /** 0 for no limit. */
  readonly maxQueueSize: number;
};

export type BatchingPolicy = {
  readonly maxBatchSize: number;
  /** Ascending; not empty. */
  readonly preferredBatchSizes: readonly number[];
  readonly maxQueueDelayUs: number;
  /** One for each priority level, the most urgent first; one alone where there are no levels. */
  readonly levels: readonly QueuePolicy[];
  /** Index into `levels` for requests that name none. */
  readonly defaultLevel: number;
};

/** What waits: `rows` counts towards batch sizes; only items of one `shapeKey` go into one batch. */
export type Waiting = { readonly rows: number; readonly shapeKey: string };

/** What a batch that has not started yet already holds. */
export type Started = { readonly rows: number; readonly shapeKey: string };

/** What to do now: wait until an instant, or add `items` to the batch; `isFull` says that nothing more may be added to it. */
export type Decision<T> = { readonly rejected: readonly T[] } & (
  | { readonly kind: 'idle' }
  | { readonly kind: 'wait'; readonly untilNs: number }
  | { readonly kind: 'take'; readonly items: readonly T[]; readonly isFull: boolean }
);

/**
 * The arithmetic of Triton's dynamic batcher: which requests run together, and when. It knows no clock; instants come in as
 * ns of any monotonic one.
 */
export class Batcher<T extends Waiting> {
  readonly #policy: BatchingPolicy;
  readonly #levels: Level<T>[];
  readonly #maxPreferred: number;

  constructor(policy: BatchingPolicy) {
    this.#policy = policy;
    this.#levels = policy.levels.map((level) => ({ policy: level, waiting: [], delayed: [] }));
    this.#maxPreferred = policy.preferredBatchSizes.at(-1) ?? policy.maxBatchSize;
  }

  get size(): number {
    return this.#levels.reduce((sum, { waiting, delayed }) => sum + waiting.length + delayed.length, 0);
  }

  /** Lets an item wait; false where its level's queue is full. `priority` 0 or beyond the levels means the default. */
  add(item: T, { priority = 0, timeoutUs = 0 }: { priority?: number; timeoutUs?: number }, nowNs: number): boolean {
    const isLevel = priority >= 1 && priority <= this.#levels.length;
    const level = this.#levels[isLevel ? priority - 1 : this.#policy.defaultLevel];
    if (level === undefined) throw new RangeError('a batching policy has at least one level');
    const { policy, waiting, delayed } = level;
    if (policy.maxQueueSize > 0 && waiting.length + delayed.length >= policy.maxQueueSize) return false;
    const isShorter = policy.allowTimeoutOverride && timeoutUs > 0 && timeoutUs < policy.defaultTimeoutUs;
    const limitUs = isShorter ? timeoutUs : policy.defaultTimeoutUs;
    const expiresNs = limitUs > 0 ? nowNs + limitUs * 1000 : Number.POSITIVE_INFINITY;
    waiting.push({ item, enqueuedNs: nowNs, expiresNs });
    return true;
  }

  /** What to do with those that wait, given what the batch in the making holds. Call again while it says `take`. */
  next(started: Started | undefined, nowNs: number): Decision<T> {
    const rejected: T[] = [];
    const pending = this.#walk(started, nowNs, rejected);
    if (pending.count === 0) {
      return pending.isFull ? { kind: 'take', items: [], isFull: true, rejected } : { kind: 'idle', rejected };
    }
    const delayNs = this.#policy.maxQueueDelayUs * 1000;
    const ageNs = nowNs - pending.oldestNs;
    const isOverdue = delayNs !== 0 && ageNs >= delayNs;
    const startedRows = started?.rows ?? 0;
    if (pending.best > 0 && !isOverdue) {
      const isFull = delayNs === 0 || pending.isFull;
      return { kind: 'take', items: this.#take(pending.bestCount), isFull, rejected };
    }
    if (pending.mustSend || startedRows + pending.rows >= this.#maxPreferred) {
      return { kind: 'take', items: this.#take(pending.count), isFull: true, rejected };
    }
    // A batch that waits for an instance anyway takes what it can hold, unless it has a preferred size.
    const joins = startedRows > 0 && !pending.isFull && !this.#policy.preferredBatchSizes.includes(startedRows);
    if (joins || isOverdue || delayNs === 0) {
      return { kind: 'take', items: this.#take(pending.count), isFull: pending.isFull, rejected };
    }
    return { kind: 'wait', untilNs: Math.min(pending.oldestNs + delayNs, pending.expiresNs + 1), rejected };
  }

  /** Takes all that waits, as an end that does not wait for answers does. */
  drain(): T[] {
    return this.#levels.flatMap((level) => {
      const all = [...level.waiting, ...level.delayed].map(({ item }) => item);
      level.waiting = [];
      level.delayed = [];
      return all;
    });
  }

  /** Looks at the items in their order for as long as they fit one batch, and removes those that waited too long. */
  #walk(started: Started | undefined, nowNs: number, rejected: T[]): Pending {
    const pending: Pending = {
      rows: 0,
      count: 0,
      best: 0,
      bestCount: 0,
      oldestNs: Number.POSITIVE_INFINITY,
      expiresNs: Number.POSITIVE_INFINITY,
      mustSend: false,
      isFull: false,
    };
    const startedRows = started?.rows ?? 0;
    let shapeKey = started?.shapeKey;
    for (const entry of this.#inOrder(nowNs, rejected)) {
      const rows = Math.max(1, entry.item.rows);
      const total = startedRows + pending.rows + rows;
      if (startedRows + pending.count > 0) {
        if (total > this.#maxPreferred && pending.best === 0) {
          pending.best = pending.rows;
          pending.bestCount = pending.count;
          pending.isFull = true;
        }
        if (total > this.#policy.maxBatchSize || entry.item.shapeKey !== shapeKey) {
          pending.mustSend = true;
          pending.isFull = true;
          break;
        }
      }
      shapeKey = entry.item.shapeKey;
      pending.rows += rows;
      pending.count += 1;
      pending.oldestNs = Math.min(pending.oldestNs, entry.enqueuedNs);
      pending.expiresNs = Math.min(pending.expiresNs, entry.expiresNs);
      if (this.#policy.preferredBatchSizes.includes(total)) {
        pending.best = pending.rows;
        pending.bestCount = pending.count;
      }
    }
    return pending;
  }

  *#inOrder(nowNs: number, rejected: T[]): Generator<Entry<T>> {
    for (const level of this.#levels) {
      for (let index = 0; index < level.waiting.length; ) {
        const entry = level.waiting[index];
        if (entry === undefined) break;
        if (nowNs <= entry.expiresNs) {
          yield entry;
          index += 1;
          continue;
        }
        level.waiting.splice(index, 1);
        if (level.policy.timeoutAction === 'REJECT') rejected.push(entry.item);
        else level.delayed.push({ ...entry, expiresNs: Number.POSITIVE_INFINITY });
      }
      yield* level.delayed;
    }
  }

  #take(count: number): T[] {
    const items: T[] = [];
    for (const level of this.#levels) {
      for (const queue of [level.waiting, level.delayed]) {
        if (items.length < count) items.push(...queue.splice(0, count - items.length).map(({ item }) => item));
      }
    }
    return items;
  }
}

type Entry<T> = { readonly item: T; readonly enqueuedNs: number; readonly expiresNs: number };
type Level<T> = { readonly policy: QueuePolicy; waiting: Entry<T>[]; delayed: Entry<T>[] };
type Pending = {
  rows: number;
  count: number;
  /** Rows and items up to the last point where a preferred size was reached. */
  best: number;
  bestCount: number;
  oldestNs: number;
  expiresNs: number;
  mustSend: boolean;
  isFull: boolean;
};
