#!/usr/bin/env node
// Node 24 runs the sources as they are. An older one finds the right one that `npm ci` put beside it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import('../bench/main.ts');
} else {
  const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `tritune: needs Node 24 or later, this is ${process.version}\n  run npm ci in the project first: it brings one\n`,
    );
    process.exit(2);
  }
  const child = spawn(node, [fileURLToPath(new URL('../bench/main.ts', import.meta.url)), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}
