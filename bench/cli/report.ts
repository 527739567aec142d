import { join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { exitCodes } from '../failure.ts';
import { terminalSummary } from '../report/terminal.ts';
import { reportRun } from '../run/sweep.ts';
import { allowsColor, type Exit, type Host } from './host.ts';

export function reportCommand(host: Host, exit: Exit): Command {
  return new Command('report')
    .description('Makes the report of a run again from its run.json and journal.')
    .argument('<dir>', 'a run folder')
    .option('--json', 'print results.json instead of the summary')
    .option('--no-color', 'no colours')
    .addHelpText('after', '\nExample:\n  tritune report reports/20260101T120000Z-iris\n')
    .action(async (dir: string, { json, color }: { json?: true; color: boolean }) => {
      const folder = resolve(host.cwd, dir);
      const results = await reportRun(folder);
      const text =
        json === true
          ? `${JSON.stringify(results, null, 2)}\n`
          : terminalSummary(results, { color: allowsColor(host.stdout, host.env, color), width: host.stdout.columns });
      host.stdout.write(text);
      if (json !== true) host.stdout.write(`\nreport: ${relative(host.cwd, join(folder, 'index.html'))}\n`);
      if (results.verdict.kind === 'INVALID') exit(exitCodes.measurement);
    });
}
