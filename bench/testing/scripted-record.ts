/** What the scripted server saw of inference requests. */
export type ScriptedRecord = {
  readonly requestCount: number;
  readonly answeredCount: number;
  /** When each request had come in and when each answer was sent, in ns of the system's monotonic clock. */
  readonly arrivalsNs: readonly number[];
  readonly answersNs: readonly number[];
  /** Which of the distinct bodies each request had; they are numbered as they first came in. */
  readonly bodies: readonly number[];
  readonly connectionCount: number;
  readonly openConnectionCount: number;
  /** Requests on each connection that was made, control calls not counted. */
  readonly requestsPerConnection: readonly number[];
  /** 1 unless a request came in before the one before it on its connection was answered. */
  readonly mostOutstandingPerConnection: number;
  /** Of all connections together. */
  readonly mostOutstanding: number;
};

/** Writes the record. */
export class ScriptedRecorder {
  readonly #arrivalsNs: number[] = [];
  readonly #answersNs: number[] = [];
  readonly #bodies: number[] = [];
  readonly #known = new Map<string, number>();
  readonly #requestsPerConnection: number[] = [];
  #openCount = 0;
  #mostPerConnection = 0;
  #most = 0;

  /** Gives the new connection's index. */
  connected(): number {
    this.#openCount += 1;
    return this.#requestsPerConnection.push(0) - 1;
  }

  closed(): void {
    this.#openCount -= 1;
  }

  received(connection: number, outstanding: number, body: Uint8Array): void {
    const key = Buffer.from(body).toString('latin1');
    const number = this.#known.get(key) ?? this.#known.size;
    this.#known.set(key, number);
    this.#bodies.push(number);
    this.#arrivalsNs.push(nowNs());
    this.#requestsPerConnection[connection] = (this.#requestsPerConnection[connection] ?? 0) + 1;
    this.#mostPerConnection = Math.max(this.#mostPerConnection, outstanding);
    this.#most = Math.max(this.#most, this.#bodies.length - this.#answersNs.length);
  }

  answered(): void {
    this.#answersNs.push(nowNs());
  }

  get record(): ScriptedRecord {
    return {
      requestCount: this.#bodies.length,
      answeredCount: this.#answersNs.length,
      arrivalsNs: this.#arrivalsNs,
      answersNs: this.#answersNs,
      bodies: this.#bodies,
      connectionCount: this.#requestsPerConnection.length,
      openConnectionCount: this.#openCount,
      requestsPerConnection: this.#requestsPerConnection,
      mostOutstandingPerConnection: this.#mostPerConnection,
      mostOutstanding: this.#most,
    };
  }
}

function nowNs(): number {
  return Number(process.hrtime.bigint());
}
