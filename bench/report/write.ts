import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { isRunning } from '../running-process.ts';
import { resultsCsv } from './csv.ts';
import { resultsHtml } from './html.ts';
import { summaryMarkdown } from './markdown.ts';
import { plainText } from './plain-text.ts';
import { type Results, resultsSchema } from './results.ts';
import { claimsGain } from './sentence.ts';

/**
 * Writes the report of `results` into `folder`, each file whole or not at all, and removes what an earlier verdict left
 * there. The same results give the same bytes. Returns the names of the files written.
 * @throws Failure (results) where the folder cannot be written to; ZodError where `results` does not have the published shape
 */
export async function writeReport(folder: string, results: Results): Promise<{ files: string[] }> {
  const contents = reportFiles(resultsSchema.parse(results));
  try {
    await mkdir(folder, { recursive: true });
    const stale = configNames.filter((name) => !contents.has(name));
    const abandoned = (await readdir(folder)).filter(isAbandoned);
    await Promise.all([...stale, ...abandoned].map((name) => rm(join(folder, name), { force: true })));
    for (const [name, text] of contents) await writeWhole(folder, name, text);
  } catch (cause) {
    const message = `the report cannot be written to ${plainText(folder)}: ${plainText(messageOf(cause))}`;
    throw new Failure('results', 'report-not-written', message, {
      hint: 'Free space or choose another folder.',
      cause,
    });
  }
  return { files: [...contents.keys()] };
}

const configNames = ['winner.config.pbtxt', 'rehearsal.config.pbtxt'];

function reportFiles(results: Results): Map<string, string> {
  const files = new Map([
    ['results.json', `${JSON.stringify(results, null, 2)}\n`],
    ['index.html', resultsHtml(results)],
    ['summary.md', summaryMarkdown(results)],
    ['results.csv', resultsCsv(results)],
  ]);
  const name = configFileName(results);
  if (name !== null) files.set(name, results.config.pick);
  return files;
}

/** Null where there is nothing to deploy: no claim, or one between variants that are the same on purpose. */
function configFileName(results: Results): string | null {
  if (!claimsGain(results) || results.plan.expectEqual) return null;
  return results.engine.transferable ? 'winner.config.pbtxt' : 'rehearsal.config.pbtxt';
}

/** What a process was writing that was killed over it. */
function isAbandoned(name: string): boolean {
  const [, pid] = /^\.[a-z.]+\.(\d+)\.[0-9a-f-]{36}$/.exec(name) ?? [];
  return pid !== undefined && !isRunning(Number(pid));
}

async function writeWhole(folder: string, name: string, text: string): Promise<void> {
  const unfinished = join(folder, `.${name}.${process.pid}.${randomUUID()}`);
  try {
    await writeFile(unfinished, text, { flag: 'wx' });
    await rename(unfinished, join(folder, name));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
