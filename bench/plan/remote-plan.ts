import { Failure } from '../failure.ts';
import type { Plan } from './plan.ts';
import type { PlanFile } from './schema.ts';
import { isServerFlag } from './server-flags.ts';

/** Makes a Failure that names the line of a place in the plan file. */
type At = (path: readonly PropertyKey[], message: string, hint?: string) => Failure;

/** @throws Failure (usage), naming the line, for what a plan's engine says together that does not go together. */
export function checkRemote({ engine, variants, search, apply }: PlanFile, at: At): void {
  const { kind, named, remote } = engine;
  const [first] = named;
  if (first !== undefined && kind !== 'remote' && kind !== 'auto')
    throw at(['engine', first], `is about a remote server, and the engine is ${kind}`, 'write kind: remote');
  if (first !== undefined && remote === null)
    throw at(['engine', first], 'needs http beside it: variants are put in force over HTTP', 'write http: HOST:8000');
  if (kind !== 'remote' && remote === null) return;
  const own = (['path', 'httpPort', 'grpcPort'] as const).find((key) => engine[key] !== null);
  if (own !== undefined) throw at(['engine', own], 'is about a server that Tritune starts, and this one is remote');
  if (engine.flags.length > 0) throw at(['engine', 'flags'], flagsRefused);
  if (Object.keys(engine.environment).length > 0) throw at(['engine', 'environment'], environmentRefused);
  const flagged = variants.findIndex(({ settings }) => Object.keys(settings).some(isServerFlag));
  if (flagged !== -1) throw at(['variants', flagged], flagsRefused, flagsHint);
  const parameter = Object.keys(search?.parameters ?? {}).find(isServerFlag);
  if (parameter !== undefined) throw at(['search', 'parameters', parameter], flagsRefused, flagsHint);
  const wrong = wrongApply(apply, remote);
  if (wrong !== undefined) throw at(['apply'], wrong.message, wrong.hint);
}

/** The same of a plan whose server was named on the command line. @throws Failure (usage) */
export function checkRemotePlan({ engine, variants, apply }: Plan): void {
  const refuse = (message: string, hint: string): Failure => new Failure('usage', 'remote', message, { hint });
  if (engine.flags.length > 0) throw refuse(`engine.flags: ${flagsRefused}`, flagsHint);
  if (Object.keys(engine.environment).length > 0)
    throw refuse(`engine.environment: ${environmentRefused}`, 'set the variables where the server is started');
  const flagged = variants.find(({ settings }) => Object.keys(settings).some(isServerFlag));
  if (flagged !== undefined) throw refuse(`variant ${flagged.id}: ${flagsRefused}`, flagsHint);
  const wrong = wrongApply(apply, engine.remote);
  if (wrong !== undefined) throw refuse(`apply: ${wrong.message}`, wrong.hint);
}

const flagsRefused = 'the flags of a remote server are given where it is started, and cannot be set from here';
const environmentRefused = 'the environment of a remote server is set where it is started';
const flagsHint = 'measure flags with engine: local or docker, or restart the server with them between two sweeps';

function wrongApply(
  apply: Plan['apply'],
  remote: Plan['engine']['remote'],
): { readonly message: string; readonly hint: string } | undefined {
  if (apply === 'colocate')
    return {
      message: 'colocate needs copies of the model in the repository, which a remote server keeps to itself',
      hint: 'write apply: reload, or leave it out',
    };
  if (apply === 'restart' && (remote?.restartCommand ?? null) === null)
    return {
      message: 'restart needs a way to restart a remote server',
      hint: 'write engine.restartCommand: [PROGRAM, ARGUMENT, ...], or apply: reload',
    };
  return undefined;
}
