import { type DiagnosedLoad, type LoadSpec, runLoad } from '../load/threads/run-load.ts';
import { type Clock, hostClock } from './clock.ts';
import { probeHost } from './host-probe.ts';
import { serverWatcher, type WatchServer } from './watch-server.ts';

/** What a sweep measures with. A simulated host brings its own, and then everything else of a sweep is what it always is. */
export type Instruments = {
  readonly clock: Clock;
  readonly runLoad: (spec: LoadSpec) => Promise<DiagnosedLoad>;
  readonly probeHost: () => { readonly iterationsPerUs: number };
  readonly watchServer: WatchServer;
};

/** Those of the host that this runs on. */
export const hostInstruments: Instruments = { clock: hostClock, runLoad, probeHost, watchServer: serverWatcher() };
