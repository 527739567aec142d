import { Command } from 'commander';
import pc from 'picocolors';
import { exitCodes, Failure } from '../failure.ts';
import type { EngineChoice } from '../plan/plan.ts';
import { plainText } from '../report/plain-text.ts';
import { type Check, checkPlan } from '../run/checks.ts';
import { clientCheck, measureClient } from './doctor-client.ts';
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
      const engine = await checkEngine(plan?.engine ?? anyEngine, host);
      const measured = client === true ? await tried('client', () => measureClient(host.signal)) : undefined;
      host.signal.throwIfAborted();
      const calibrations = measured === undefined || 'check' in measured ? [] : measured.result;
      const checks: Check[] = [
        { what: 'Node', status: 'ok', finding: process.version, advice: null },
        engine,
        'check' in read ? read.check : { what: 'plan', status: 'ok', finding: read.result.file, advice: null },
        ...(plan === undefined ? [] : await checkPlan(plan)),
        ...(measured === undefined ? [] : 'check' in measured ? [measured.check] : calibrations.map(clientCheck)),
      ];
      host.stdout.write(
        json === true
          ? `${JSON.stringify({ checks, ...(client === true ? { client: calibrations } : {}) }, null, 2)}\n`
          : inWords(checks, allowsColor(host.stdout, host.env, color)),
      );
      const failed = checks.some((check) => check.status === 'error' && check !== engine && check.what !== 'client');
      if (measured !== undefined && 'check' in measured) exit(exitCodes.measurement);
      if (engine.status === 'error') exit(exitCodes.server);
      if (failed) exit(exitCodes.usage);
    });
}

type Options = { readonly client?: true; readonly json?: true; readonly color: boolean };

const anyEngine: EngineChoice = {
  kind: 'auto',
  path: null,
  httpPort: null,
  grpcPort: null,
  flags: [],
  environment: {},
  remote: null,
};

async function checkEngine(choice: EngineChoice, host: Host): Promise<Check> {
  const found = await tried('engine', () => chooseEngine(choice, host));
  if ('check' in found) return found.check;
  const { engine, reason } = found.result;
  const what = 'engine';
  if (engine.kind === 'remote' && choice.remote !== null) {
    const { remote } = choice;
    const asked = await tried(what, () => checkRemoteServer(remote, host));
    return 'check' in asked ? asked.check : asked.result;
  }
  if (engine.kind === 'local') return { what, status: 'ok', finding: 'local: a tritonserver is there', advice: null };
  if (engine.kind === 'docker')
    return { what, status: 'ok', finding: reason ?? 'docker: image and daemon are there', advice: null };
  const advice = 'for a Triton on this host: npm run triton:install (Python 3 needed, about a minute)';
  return { what, status: 'warning', finding: reason ?? 'the embedded server: a rehearsal', advice };
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
  const marks = { ok: colors.green('ok     '), warning: colors.yellow('warning'), error: colors.red('error  ') };
  const width = Math.max(...checks.map(({ what }) => what.length));
  return checks
    .map(({ what, status, finding, advice }) => {
      const more = advice === null ? '' : `${' '.repeat(width + 11)}${plainText(advice)}\n`;
      return `${marks[status]}  ${what.padEnd(width)}  ${plainText(finding)}\n${more}`;
    })
    .join('');
}
