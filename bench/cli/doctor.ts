import { Command } from 'commander';
import pc from 'picocolors';
import type { EngineKind } from '../engines/engine.ts';
import { exitCodes, Failure } from '../failure.ts';
import { engineOfKind } from '../plan/engine-choice.ts';
import type { EngineChoice } from '../plan/plan.ts';
import { plainText } from '../report/plain-text.ts';
import { type Check, checkPlan } from '../run/checks.ts';
import { placementOf } from '../run/placing.ts';
import { clientCheck, measureClient } from './doctor-client.ts';
import { checkHost, checkPorts, localInWords, undivided } from './doctor-host.ts';
import { checkRemoteServer } from './doctor-remote.ts';
import { chooseEngine } from './engine.ts';
import { allowsColor, type Exit, type Host } from './host.ts';
import { readPlanFile } from './plan-file.ts';

export function doctorCommand(host: Host, exit: Exit): Command {
  return new Command('doctor')
    .description('Looks at this host, the engine and a plan, and says what stands in the way of a sweep.')
    .argument('[plan]', 'the plan file; else the only one in configs/, else configs/iris.yaml')
    .option('--client', 'measure as well what the load generator itself can do on this host, over HTTP and gRPC (5 s)')
    .option('--json', 'print the checks as JSON')
    .option('--no-color', 'no colours')
    .addHelpText('after', '\nExamples:\n  tritune doctor configs/iris.yaml\n  tritune doctor --client\n')
    .action(async (planFile: string | undefined, { client, json, color }: Options) => {
      const read = await tried('plan', () => readPlanFile(planFile, host.cwd));
      const plan = 'check' in read ? undefined : read.result.plan;
      const choice = plan?.engine ?? anyEngine;
      const { engine, kind } = await checkEngine(choice, host);
      const ports = await tried('ports', () => checkPorts(choice));
      const placed = await tried('placement', () => placementOf(plan ?? { placement: { kind: 'auto' } }, kind));
      const placement = 'check' in placed ? undefined : placed.result;
      const state = await checkHost(host, { plan, kind, placement });
      const measured = client === true ? await tried('client', () => measureClient(host.signal)) : undefined;
      host.signal.throwIfAborted();
      const calibrations = measured === undefined || 'check' in measured ? [] : measured.result;
      const ofServer: Check[] = [engine, 'check' in ports ? ports.check : ports.result];
      const ofPlan: Check[] = [
        'check' in read ? read.check : { what: 'plan', status: 'ok', finding: read.result.file, advice: null },
        ...(plan === undefined ? [] : await checkPlan(plan, placement ?? undivided())),
        ...('check' in placed ? [placed.check] : []),
        ...state,
      ];
      const ofClient =
        measured === undefined || !('check' in measured) ? calibrations.map(clientCheck) : [measured.check];
      const checks = [checkNode(), ...ofServer, ...ofPlan, ...ofClient];
      host.stdout.write(
        json === true
          ? `${JSON.stringify({ checks, ...(client === true ? { client: calibrations } : {}) }, null, 2)}\n`
          : inWords(checks, allowsColor(host.stdout, host.env, color)),
      );
      if (measured !== undefined && 'check' in measured) exit(exitCodes.measurement);
      if (ofServer.some(isError)) exit(exitCodes.server);
      if (ofPlan.some(isError)) exit(exitCodes.usage);
    });
}

type Options = { readonly client?: true; readonly json?: true; readonly color: boolean };

const neededNode = 24;

const anyEngine = engineOfKind('auto');

function checkNode(): Check {
  const what = 'Node';
  if (Number(process.versions.node.split('.')[0]) >= neededNode)
    return { what, status: 'ok', finding: process.version, advice: null };
  return { what, status: 'error', finding: `${process.version}, ${neededNode} is needed`, advice: 'npm ci brings one' };
}

/** The engine that a sweep would take; where there is none, its kind is what the plan asks for. */
async function checkEngine(choice: EngineChoice, host: Host): Promise<{ engine: Check; kind: EngineKind }> {
  const what = 'engine';
  const found = await tried(what, () => chooseEngine(choice, host));
  if ('check' in found) return { engine: found.check, kind: choice.kind === 'auto' ? 'local' : choice.kind };
  const { engine, reason } = found.result;
  const { kind } = engine;
  if (kind === 'remote' && choice.remote !== null) {
    const { remote } = choice;
    const asked = await tried(what, () => checkRemoteServer(remote, host));
    return { engine: 'check' in asked ? asked.check : asked.result, kind };
  }
  if (kind === 'local')
    return { engine: { what, status: 'ok', finding: localInWords(choice, host), advice: null }, kind };
  if (kind === 'docker')
    return {
      engine: { what, status: 'ok', finding: reason ?? 'docker: image and daemon are there', advice: null },
      kind,
    };
  const advice = 'for a Triton on this host: npm run triton:install (Python 3 needed, about a minute)';
  return { engine: { what, status: 'warning', finding: reason ?? 'the embedded server: a rehearsal', advice }, kind };
}

function isError({ status }: Check): boolean {
  return status === 'error';
}

/** What a step gives, or what it says to the user as a check. */
async function tried<T>(what: string, step: () => T | Promise<T>): Promise<{ result: T } | { check: Check }> {
  try {
    return { result: await step() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { check: { what, status: 'error', finding: error.message, advice: error.hint ?? null } };
  }
}

function inWords(checks: readonly Check[], color: boolean): string {
  const colors = pc.createColors(color);
  const marks = {
    ok: colors.green('ok     '),
    warning: colors.yellow('warning'),
    error: colors.red('error  '),
    unknown: colors.dim('unknown'),
  };
  const width = Math.max(...checks.map(({ what }) => what.length));
  return checks
    .map(({ what, status, finding, advice }) => {
      const more = advice === null ? '' : `${' '.repeat(width + 11)}${plainText(advice)}\n`;
      return `${marks[status]}  ${what.padEnd(width)}  ${plainText(finding)}\n${more}`;
    })
    .join('');
}
