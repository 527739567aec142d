import { Command } from 'commander';
import { installTriton } from '../engines/local/install.ts';
import { plainText } from '../report/plain-text.ts';
import type { Exit, Host } from './host.ts';

export function tritonCommand(host: Host, _exit: Exit): Command {
  const install = new Command('install')
    .description('Installs a real Triton server into .triton/ of this project (Python 3 needed, about 450 MB).')
    .option('--quiet', 'no progress')
    .action(async ({ quiet }: { quiet?: true }) => {
      const report = (line: string): void => {
        if (quiet !== true) host.stderr.write(`${plainText(line)}\n`);
      };
      await installTriton({ root: host.projectFolder, report, signal: host.signal, env: host.env });
    });
  return new Command('triton').description('Manages the Triton server of this project.').addCommand(install);
}
