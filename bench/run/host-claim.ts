import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure, messageOf } from '../failure.ts';
import { processNamespace, startOf } from './process-identity.ts';

/** A run that measures on this host right now. */
export type Measuring = {
  readonly pid: number;
  /** Null where its file does not tell. */
  readonly command: string | null;
  readonly since: string | null;
};

export type HostClaimOptions = {
  /** Where the runs of one user on one host see each other. */
  readonly folder: string;
  /** What is told to others. */
  readonly command: string;
  /** Go on beside others. */
  readonly share: boolean;
};

/** That this process measures here, for others to see; disposing of it takes that back. */
export type HostClaim = Disposable & {
  /** Those that measured here when it was made; none unless the host is shared. */
  readonly others: readonly Measuring[];
  /** Those that measure here now: with `share` one may have come later. */
  othersNow(): readonly Measuring[];
};

const triesMost = 8;
/** Of two that come at once each may see the other: both step back, and one is earlier the next time. */
const stepBackMs = { least: 20, most: 150 };

/**
 * Claims the host for one measuring run. Each run writes a file of its own first and looks for others then, so that of two the
 * later one always sees the earlier. A file says by its name which process it is of, so one whose process is gone,
 * killed or not, counts for nothing and is cleared away. Rejects with a Failure (usage), naming the other, where one measures.
 */
export async function claimHost({ folder, command, share }: HostClaimOptions): Promise<HostClaim> {
  prepareFolder(folder);
  const name = ownName();
  for (let attempt = 1; ; attempt += 1) {
    writeClaim(folder, name, command);
    const others = measuringHere(folder, name);
    const withdraw = (): void => rmSync(join(folder, name), { force: true });
    if (others.length === 0 || share)
      return { others, othersNow: () => measuringHere(folder, name), [Symbol.dispose]: withdraw };
    withdraw();
    if (attempt === triesMost || !others.some(isFresh)) throw taken(others);
    await delay(stepBackMs.least + Math.random() * (stepBackMs.most - stepBackMs.least));
  }
}

/** The runs that measure here now, but for the one of `own`; empty where the folder cannot be read. */
export function measuringHere(folder: string, own?: string): Measuring[] {
  return namesIn(folder).flatMap((name) => {
    const [, namespace, pidText, start] = /^(\d+)-(\d+)-(\w+)-\d+\.json$/.exec(name) ?? [];
    // One of another container cannot be told from here to be alive or dead: it is left alone.
    if (name === own || namespace !== processNamespace()) return [];
    const pid = Number(pidText);
    if (startOf(pid) === start) return [{ pid, ...readClaim(join(folder, name)) }];
    rmSync(join(folder, name), { force: true });
    return [];
  });
}

/** "process 123 (tritune sweep) since 2026-01-01 12:00:00 UTC". */
export function measuringInWords({ pid, command, since }: Measuring): string {
  const what = command === null ? '' : ` (${command})`;
  const when = since === null ? '' : ` since ${since.slice(0, 19).replace('T', ' ')} UTC`;
  return `process ${pid}${what}${when}`;
}

const commandMost = 500;
let claimCount = 0;

function ownName(): string {
  claimCount += 1;
  return `${processNamespace()}-${process.pid}-${startOf(process.pid) ?? '0'}-${claimCount}.json`;
}

/** @throws Failure (usage) for a folder that is not this user's alone: others could put claims there, or remove them. */
function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    if (statSync(folder).isDirectory() && uid === (process.getuid?.() ?? uid) && (mode & 0o022) === 0) return;
  } catch (error) {
    throw unusable(folder, messageOf(error));
  }
  throw unusable(folder, 'others may write there');
}

function unusable(folder: string, why: string): Failure {
  return new Failure('usage', 'host-claim', `runs on this host cannot see each other in ${folder}: ${why}`, {
    hint: 'XDG_RUNTIME_DIR names the folder that holds it: it must be yours, and nobody else may write there',
  });
}

function writeClaim(folder: string, name: string, command: string): void {
  const unfinished = join(folder, `${name}.part`);
  try {
    writeFileSync(
      unfinished,
      JSON.stringify({ command: command.slice(0, commandMost), since: new Date().toISOString() }),
      {
        mode: 0o600,
      },
    );
    renameSync(unfinished, join(folder, name));
  } catch (error) {
    throw unusable(folder, messageOf(error));
  }
}

/** By hand, since `tritune load` reads claims too and does without the library that checks whole files. */
function readClaim(file: string): Omit<Measuring, 'pid'> {
  try {
    const { command, since } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return {
      command: typeof command === 'string' && command.length <= commandMost ? command : null,
      since: typeof since === 'string' && Number.isFinite(Date.parse(since)) ? new Date(since).toISOString() : null,
    };
  } catch {
    return { command: null, since: null };
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const freshMs = 2_000;

function isFresh({ since }: Measuring): boolean {
  return since === null || Math.abs(Date.now() - Date.parse(since)) < freshMs;
}

function taken(others: readonly Measuring[]): Failure {
  const who = others.slice(0, 3).map(measuringInWords).join(' and ');
  return new Failure('usage', 'host-taken', `this host is being measured by ${who}`, {
    hint: 'two runs at once measure each other: wait for it to end\nor go on beside it with --share-host, and nothing can be claimed from the result',
  });
}
