import type { Engine } from '../engines/engine.ts';
import { findLocal } from '../engines/local/find.ts';
import { Failure } from '../failure.ts';
import type { EngineChoice } from '../plan/plan.ts';
import type { Host } from './host.ts';

/** The engine that a plan asks for. @throws Failure: usage for one that this version has not, server where none is found. */
export function chooseEngine(choice: EngineChoice, { projectFolder, env }: Host): Engine {
  if (choice.kind !== 'auto' && choice.kind !== 'local') {
    throw new Failure('usage', 'engine', `there is no ${choice.kind} engine yet`, { hint: 'write engine: local' });
  }
  const found = findLocal({ root: projectFolder, env, ...(choice.path === null ? {} : { path: choice.path }) });
  if ('engine' in found) return found.engine;
  throw new Failure('server', 'no-engine', `there is no Triton to measure: ${found.missing}`, {
    hint: 'install one for this project with: npm run triton:install (Python 3 needed, about a minute)',
  });
}
