/** A clock that stands still unless it is told how late it is. Starts at 0, which is the beginning of 2026. */
export class SimulatedClock {
  nowNs = 0;

  nowMs(): number {
    return this.nowNs / 1e6;
  }

  wallTime(): Date {
    return new Date(startMs + this.nowMs());
  }

  async wait(durationMs: number): Promise<void> {
    this.pass(durationMs);
  }

  pass(durationMs: number): void {
    this.nowNs += durationMs * 1e6;
  }
}

const startMs = Date.parse('2026-01-01T00:00:00Z');
