import type { EngineChoice } from './plan.ts';

/** An engine of a kind of which nothing else is said. */
export function engineOfKind(kind: EngineChoice['kind'], more: Partial<EngineChoice> = {}): EngineChoice {
  return { kind, path: null, httpPort: null, grpcPort: null, flags: [], environment: {}, remote: null, ...more };
}
