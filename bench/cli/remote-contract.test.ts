import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { engineContract } from '../engines/contract.test-suite.ts';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import { installedEngine } from '../engines/local/find.ts';
import { readInstallation } from '../engines/local/installation.ts';
import { leftoversOf } from '../engines/local/leftovers.ts';
import { listRecords } from '../engines/remote/restore-record.ts';
import { requires } from '../testing/requires.ts';
import { projectFolder } from './host.fixture.ts';
import { behind } from './remote-far-side.test-suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'tritune-remote-'));
const stateFolder = join(folder, 'state');
const ca = join(folder, 'ca.pem');
const tls = { ca, writeCa: (text: string) => writeFileSync(ca, text) };
after(() => rmSync(folder, { recursive: true }));

/** Beside processes, what would still have to be restored. */
const leftovers = (): string[] => [...leftoversOf(process.pid), ...listRecords(stateFolder).map(({ file }) => file)];

for (const [name, before] of [
  ['remote (the embedded server behind it)', { stateFolder }],
  ['remote (the embedded server behind TLS)', { stateFolder, tls }],
] as const) {
  engineContract(name, {
    makeEngine: () => behind(embeddedEngine(process.env), before),
    leftovers,
    attached: true,
  });
}

for (const [name, before] of [
  ['remote (a Triton behind it)', { stateFolder }],
  ['remote (a Triton behind TLS)', { stateFolder, tls }],
] as const) {
  engineContract(name, {
    ...requires('triton'),
    makeEngine: () => behind(installed(), before),
    leftovers,
    attached: true,
  });
}

function installed() {
  const installation = readInstallation(projectFolder);
  if ('missing' in installation) throw new Error(installation.missing);
  return installedEngine(installation.found, process.env);
}
