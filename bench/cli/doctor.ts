import { Command } from 'commander';
import pc from 'picocolors';
import { findLocal } from '../engines/local/find.ts';
import { exitCodes } from '../failure.ts';
import { plainText } from '../report/plain-text.ts';
import { type Check, checkPlan } from '../run/checks.ts';
import { allowsColor, type Host } from './host.ts';
import { readPlanFile } from './plan-file.ts';
import type { Exit } from './program.ts';

export function doctorCommand(host: Host, exit: Exit): Command {
  return new Command('doctor')
    .description('Looks at this host, the engine and a plan, and says what stands in the way of a sweep.')
    .argument('[plan]', 'the plan file; else the only one in configs/, else configs/iris.yaml')
    .option('--json', 'print the checks as JSON')
    .option('--no-color', 'no colours')
    .addHelpText('after', '\nExample:\n  tritune doctor configs/iris.yaml\n')
    .action(async (planFile: string | undefined, { json, color }: { json?: true; color: boolean }) => {
      const { plan, file } = readPlanFile(planFile, host.cwd);
      const engine = checkEngine(plan.engine.path, host);
      const checks: Check[] = [
        { what: 'Node', status: 'ok', finding: process.version, advice: null },
        engine,
        { what: 'plan', status: 'ok', finding: file, advice: null },
        ...(await checkPlan(plan)),
      ];
      host.stdout.write(
        json === true
          ? `${JSON.stringify({ checks }, null, 2)}\n`
          : inWords(checks, allowsColor(host.stdout, host.env, color)),
      );
      const failed = checks.some((check) => check.status === 'error' && check !== engine);
      if (engine.status === 'error') exit(exitCodes.server);
      if (failed) exit(exitCodes.usage);
    });
}

function checkEngine(path: string | null, { projectFolder, env }: Host): Check {
  const found = findLocal({ root: projectFolder, env, ...(path === null ? {} : { path }) });
  return 'engine' in found
    ? { what: 'engine', status: 'ok', finding: 'local: a tritonserver is there', advice: null }
    : {
        what: 'engine',
        status: 'error',
        finding: found.missing,
        advice: 'npm run triton:install (Python 3 needed, about a minute)',
      };
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
