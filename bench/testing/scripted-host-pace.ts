import type { ScriptedHost } from './scripted-host.ts';

/** What else goes on on a host: from time to time everything takes another number of times as long. */
export type Weather = {
  readonly everyNs: number;
  /** Asked once for each stretch of time in which anything executes. */
  factor(): number;
};

/** How many times as long as otherwise everything takes on a scripted host: its heat, and what else goes on there. */
export class HostPace {
  readonly #heat: ScriptedHost['heat'];
  readonly #weather: Weather | undefined;
  #heatNs = 0;
  #disturbance = 1;
  #weatherNs: number;

  constructor({ heat }: ScriptedHost, weather: Weather | undefined) {
    this.#heat = heat;
    this.#weather = weather;
    this.#weatherNs = weather === undefined ? Number.POSITIVE_INFINITY : 0;
  }

  slowness(isHungry: boolean): number {
    return (this.#isHot(isHungry) ? 1 + this.#heat.slowdown : 1) * this.#disturbance;
  }

  /** When it is another one, if something executes until then. */
  changesNs(nowNs: number, isHungry: boolean): number {
    const cool = isHungry && !this.#isHot(true);
    const hotNs = cool ? nowNs + this.#heat.afterNs - this.#heatNs : Number.POSITIVE_INFINITY;
    return Math.min(hotNs, Math.max(nowNs, this.#weatherNs));
  }

  /** So much time went by; `heats` where a hungry configuration was executing. */
  pass(passedNs: number, heats: boolean): void {
    const most = 2 * this.#heat.afterNs;
    this.#heatNs = heats ? Math.min(most, this.#heatNs + passedNs) : Math.max(0, this.#heatNs - passedNs);
  }

  /** Call while something executes. */
  change(nowNs: number): void {
    if (this.#weather === undefined || this.#weatherNs > nowNs) return;
    this.#disturbance = this.#weather.factor();
    this.#weatherNs = nowNs + this.#weather.everyNs;
  }

  #isHot(isHungry: boolean): boolean {
    return isHungry && this.#heatNs >= this.#heat.afterNs - heatErrorNs;
  }
}

/** Sums of floating point times come that close. */
const heatErrorNs = 1;
