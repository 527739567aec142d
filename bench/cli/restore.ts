import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { holderText, isElsewhere, isHeld } from '../engines/remote/holder.ts';
import { keepAsItIs, restoreServer } from '../engines/remote/restore.ts';
import {
  listRecords,
  type NotedRecord,
  type RestoreRecord,
  readRecord,
  restoreName,
} from '../engines/remote/restore-record.ts';
import { exitCodes, Failure } from '../failure.ts';
import { plainText } from '../report/plain-text.ts';
import type { Exit, Host } from './host.ts';
import { connectRemote, readRemote } from './remote.ts';
import { stateFolderOf } from './state-folder.ts';

type Options = { list?: true; override?: true; keep?: true; gone?: true; json?: true; quiet?: true };

/** A record, and the run that it is of as far as that is known. */
type Found = { readonly record: RestoreRecord; readonly runFolder: string | null };

/** What came of a record. */
type Outcome = {
  readonly server: string;
  readonly runFolder: string | null;
  readonly models: readonly string[];
  readonly status: 'to be restored' | 'in use' | 'restored' | 'kept' | 'failed';
  readonly detail: string | null;
};

export function restoreCommand(host: Host, exit: Exit): Command {
  return new Command('restore')
    .description('Puts back what a run that was killed left changed on a remote server.')
    .argument('[run]', 'the folder of that run; else all that is noted on this host')
    .option('--list', 'say what is still to be restored, and touch nothing')
    .addOption(
      new Option(
        '--override',
        "load the configuration that was served before in place of the repository's file, where that was changed since",
      ).conflicts('list'),
    )
    .addOption(
      new Option('--keep', 'forget what was noted: the server is as it should be').conflicts(['list', 'override']),
    )
    .option('--gone', 'takes over from a process of another host, which cannot be seen from here')
    .option('--json', 'print what came of it as JSON')
    .option('--quiet', 'no progress')
    .addHelpText('after', '\nExamples:\n  tritune restore --list\n  tritune restore reports/20260101T120000Z-iris\n')
    .action(async (run: string | undefined, options: Options) => {
      const { found, damaged } = run === undefined ? allNoted(host) : { found: ofRun(run, host), damaged: [] };
      if (options.keep === true && found.length > 1)
        throw new Failure('usage', 'restore', `there are ${found.length} records; which is to be kept as it is?`, {
          hint: 'name its run: tritune restore --keep RUN; tritune restore --list has them',
        });
      const outcomes: Outcome[] = [];
      for (const each of found) outcomes.push(await handle(each, options, host));
      for (const failure of damaged)
        host.stderr.write(`tritune: ${plainText(failure.message)}\n  ${plainText(failure.hint ?? '')}\n`);
      host.stdout.write(
        options.json === true ? `${JSON.stringify({ records: outcomes }, null, 2)}\n` : inWords(outcomes, run),
      );
      if (damaged.length > 0) exit(exitCodes.results);
      if (outcomes.some(({ status }) => status === 'failed')) exit(exitCodes.server);
    });
}

/** @throws Failure (usage) for a folder that is none. */
function ofRun(run: string, host: Host): Found[] {
  const folder = resolve(host.cwd, run);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Failure('usage', 'restore', `there is no run folder ${run}`, {
      hint: 'tritune restore --list has those that are noted',
    });
  const record =
    readRecord(join(folder, restoreName)) ?? allNoted(host).found.find((each) => each.runFolder === folder)?.record;
  return record === undefined ? [] : [{ record, runFolder: folder }];
}

/** Records of nothing are locks alone: one whose process is gone needs no word. */
function allNoted(host: Host): { found: Found[]; damaged: Failure[] } {
  const records = listRecords(stateFolderOf(host)).map(({ record }: NotedRecord) => record);
  return {
    found: records
      .filter((record): record is RestoreRecord => !(record instanceof Failure))
      .filter(({ models, holder }) => models.length > 0 || isHeld(holder))
      .map((record) => ({ record, runFolder: record.runFolder })),
    damaged: records.filter((record) => record instanceof Failure),
  };
}

async function handle({ record, runFolder }: Found, options: Options, host: Host): Promise<Outcome> {
  const { server, models, holder } = record;
  const outcome = (status: Outcome['status'], detail: string | null): Outcome => ({
    ...{ server, runFolder, models: models.map(({ name }) => name), status, detail },
  });
  const isGoneElsewhere = options.gone === true && isElsewhere(holder);
  if (isHeld(holder) && !isGoneElsewhere) return outcome('in use', holderText(holder));
  if (options.list === true) return outcome('to be restored', `left by ${holderText(holder)}`);
  const place = { record, runFolder: existing(runFolder), stateFolder: stateFolderOf(host), isGoneElsewhere };
  if (options.keep === true) {
    keepAsItIs(place);
    return outcome('kept', null);
  }
  try {
    await putBack(place, options, host);
    return outcome('restored', null);
  } catch (error) {
    if (!(error instanceof Failure) || host.signal.aborted) throw error;
    return outcome('failed', [error.message, error.hint ?? ''].join('\n').trimEnd());
  }
}

type Place = Found & { readonly stateFolder: string; readonly isGoneElsewhere: boolean };

async function putBack(place: Place, { override, quiet }: Options, { env, signal, stderr }: Host): Promise<void> {
  const connection = await connectRemote(readRemote(place.record.remote, env), signal);
  const tell = (line: string): void => {
    if (quiet !== true) stderr.write(`${plainText(line)}\n`);
  };
  await restoreServer({ ...place, connection, way: override === true ? 'override' : undefined, tell });
}

/** A run's folder may have been moved or removed since. */
function existing(folder: string | null): string | null {
  return folder !== null && statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? folder : null;
}

function inWords(outcomes: readonly Outcome[], run: string | undefined): string {
  if (outcomes.length === 0)
    return run === undefined ? 'nothing is to be restored\n' : `nothing is to be restored of ${plainText(run)}\n`;
  return outcomes
    .map(({ server, runFolder, models, status, detail }) => {
      const of = runFolder === null ? '' : ` (${runFolder})`;
      const [first = '', ...more] = (detail ?? '').split('\n');
      const line = `${status}: ${server}${models.length === 0 ? '' : `, ${models.join(', ')}`}${of}${first === '' ? '' : `: ${first}`}`;
      return [line, ...more.map((each) => `  ${each}`)].map((each) => `${plainText(each)}\n`).join('');
    })
    .join('');
}
