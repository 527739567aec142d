import { countersBetween, type ServerCounters } from '../kserve/statistics.ts';
import { clientLimits } from '../load/client-limits.ts';
import type { ModelControl } from '../load/control/model-control.ts';
import { searchLevels } from '../load/levels/run-levels.ts';
import type { SearchResult } from '../load/levels/search.ts';
import { isStable, limitOf } from '../load/report/judgement.ts';
import { type MeasuredWindow, reportLevel, reportWindow } from '../load/report/level.ts';
import { type LoadPart, laneCountOf } from '../load/threads/load-spec.ts';
import { Crew, chooseThreadCount, runLoad } from '../load/threads/run-load.ts';
import type { PreparedLoad } from './load-prepare.ts';
import type { LoadRequest } from './load-request.ts';

/** A level's windows, and those of a search that said nothing of the server, so that others were measured in their place. */
export type MeasuredLevel = {
  readonly level: number;
  readonly windows: readonly MeasuredWindow[];
  readonly unusable: readonly MeasuredWindow[];
};

/** What was measured before the end, whatever ended it. */
export type LoadMeasured = {
  /** In the order in which they were first measured; each has a window at least. */
  readonly levels: readonly MeasuredLevel[];
  /** Null where nothing was searched for, or the search was not brought to its end. */
  readonly search: SearchResult | null;
  /** What it was ended from outside with; undefined where it was not. */
  readonly interruption: unknown;
};

export type LoadEvents = {
  threads(count: number): void;
  /** Before a window; `index` counts from 0. */
  window(level: number, index: number): void;
  measured(level: number, window: MeasuredWindow): void;
};

/** A goal of requests that one window brings no nearer is given up. */
const mostWindows = 1_000;

/** Measures the levels of a request in turn, or searches among them. */
export async function measureLoad(
  prepared: PreparedLoad,
  request: LoadRequest,
  { signal, events }: { readonly signal: AbortSignal; readonly events: LoadEvents },
): Promise<LoadMeasured> {
  const run = new LevelRun(prepared, request, events);
  let search: SearchResult | null = null;
  let interruption: unknown;
  try {
    await using crew = new Crew();
    const measure = await run.start(crew, signal);
    if (request.search) search = await searchLevels(request.pacings.levels, (level) => run.vote(level, measure));
    else await run.inTurn(measure);
  } catch (error) {
    if (!signal.aborted) throw error;
    interruption = signal.reason;
  }
  return { levels: run.levels, search, interruption };
}

type Measure = (level: number) => Promise<MeasuredWindow>;

class LevelRun {
  readonly levels: { level: number; windows: MeasuredWindow[]; unusable: MeasuredWindow[] }[] = [];
  readonly #prepared: PreparedLoad;
  readonly #request: LoadRequest;
  readonly #events: LoadEvents;

  constructor(prepared: PreparedLoad, request: LoadRequest, events: LoadEvents) {
    this.#prepared = prepared;
    this.#request = request;
    this.#events = events;
  }

  /** Chooses the threads once, for the highest level: numbers from different counts do not compare. */
  async start(crew: Crew, signal: AbortSignal): Promise<Measure> {
    const { threads, pacings } = this.#request;
    const highest = pacings.levels.at(-1) ?? 1;
    const count = threads === 'auto' ? await chooseThreadCount(this.#part(highest), { crew, signal }) : threads;
    this.#events.threads(Math.min(count, laneCountOf(pacings.pacing(highest))));
    return async (level) => {
      const counters = watchCounters(this.#prepared.control);
      const onWindow = (edge: 'open' | 'close'): void => counters.mark(edge);
      const load = await runLoad({ ...this.#part(level), threads: count, crew, signal, onWindow });
      const server = await counters.between();
      signal.throwIfAborted();
      return { load, server };
    };
  }

  async inTurn(measure: Measure): Promise<void> {
    const { pacings, question } = this.#request;
    for (const level of pacings.levels) {
      let windows: readonly [MeasuredWindow, ...MeasuredWindow[]] = [await this.#next(level, measure)];
      while (this.#wantsMore(windows)) windows = [...windows, await this.#next(level, measure)];
      if (
        windows.some(isSilent) ||
        this.#failedFast(windows) ||
        reportLevel(windows, question).meetsThreshold === false
      )
        return;
    }
  }

  /** Whether one window of the level meets the threshold; undefined where it says nothing of the server, and stands apart then. */
  async vote(level: number, measure: Measure): Promise<boolean | undefined> {
    const window = await this.#next(level, measure);
    const met = isUsable(window) ? reportLevel([window], this.#request.question).meetsThreshold : null;
    if (met !== null) return met;
    const known = this.levels.find((each) => each.level === level);
    known?.windows.splice(known.windows.indexOf(window), 1);
    known?.unusable.push(window);
    return undefined;
  }

  async #next(level: number, measure: Measure): Promise<MeasuredWindow> {
    const known = this.levels.find((each) => each.level === level);
    this.#events.window(level, known === undefined ? 0 : known.windows.length + known.unusable.length);
    const window = await measure(level);
    if (known === undefined) this.levels.push({ level, windows: [window], unusable: [] });
    else known.windows.push(window);
    this.#events.measured(level, window);
    return window;
  }

  #wantsMore(windows: readonly MeasuredWindow[]): boolean {
    const { trials, question } = this.#request;
    if (windows.some(isSilent) || this.#failedFast(windows)) return false;
    const loads = windows.map(({ load }) => load);
    const requestCount = loads.reduce((sum, load) => sum + load.requestCount, 0);
    const short = trials.requestCount !== null && requestCount < trials.requestCount;
    if (short && (loads.at(-1)?.requestCount ?? 0) > 0 && windows.length < mostWindows) return true;
    return windows.length < trials.most && !isStable(loads.map(reportWindow), question.stabilityRatio);
  }

  #failedFast(windows: readonly MeasuredWindow[]): boolean {
    return this.#request.failFast && windows.some(({ load }) => Object.keys(load.errors).length > 0);
  }

  #part(level: number): LoadPart {
    const { pacings, question, warmUpMs, windowMs, requestTimeoutMs, firstAnswerMs, failFast } = this.#request;
    const { target, transport, requests, about } = this.#prepared;
    const pacing = pacings.pacing(level);
    const limit = limitOf(question);
    return {
      transport,
      target,
      shared: about.connections === 'shared',
      requests,
      pacing,
      batchSize: question.batchSize,
      warmup: { minimumNs: warmUpMs * 1e6, minimumRequestCount: pacing.kind === 'closed' ? pacing.concurrency : 0 },
      windowNs: windowMs * 1e6,
      limitsNs: limit === null ? [] : [limit.limitNs],
      requestTimeoutNs: requestTimeoutMs * 1e6,
      firstAnswerNs: firstAnswerMs * 1e6,
      drainNs: requestTimeoutMs * 1e6,
      errorLimit: failFast ? 1 : Number.POSITIVE_INFINITY,
    };
  }
}

/** Whether a window says anything of the threshold: neither where the client was the limit nor where answers were wrong. */
function isUsable(window: MeasuredWindow): boolean {
  const { errors } = window.load;
  if (clientLimits(window.load).length > 0 || 'wrong-values' in errors || 'wrong-shape' in errors) return false;
  // A level may be too much for a server, but then it still takes connections.
  return !(isSilent(window) && Object.keys(errors).every((kind) => kind === 'connect'));
}

/** Whether requests were sent, or could not be, and none was answered rightly: there is nothing more to learn from that server. */
function isSilent({ load: { requestCount, schedule, window } }: MeasuredWindow): boolean {
  const sentNone = schedule !== null && schedule.intendedCount === 0 && window.closeNs > 0;
  return requestCount === 0 && !sentNone;
}

/** Reads the server's counters at both edges of the window, while load goes on. */
function watchCounters(control: ModelControl) {
  const edges: Partial<Record<'open' | 'close', Promise<ServerCounters | null>>> = {};
  return {
    mark(edge: 'open' | 'close'): void {
      edges[edge] = control.counters().catch(() => null);
    },
    async between(): Promise<ServerCounters | null> {
      const [before, after] = await Promise.all([edges.open, edges.close]);
      return before === undefined || after === undefined || before === null || after === null
        ? null
        : countersBetween(before, after);
    },
  };
}
