import { csvTable } from '../load/report/csv.ts';
import { intervalLog, percentileTable } from '../load/report/histograms.ts';
import { whyInvalid } from '../load/report/judgement.ts';
import { lastLines } from '../load/report/last-lines.ts';
import { type LevelReport, type MeasuredWindow, reportLevel } from '../load/report/level.ts';
import { version } from '../version.ts';
import { writeAll } from './load-files.ts';
import type { LoadMeasured, MeasuredLevel } from './load-measure.ts';
import type { LoadSubject } from './load-prepare.ts';
import type { LoadRequest } from './load-request.ts';
import { describeLevel, describeSearch, describeSubject } from './load-text.ts';

/**
 * The levels that were measured, lowest first. Of a level in a search only the windows count that it was decided by, where it has any,
 * and one that stayed undecided does not meet the threshold.
 */
export function reportLevels({ levels, search }: LoadMeasured, { question }: LoadRequest): LevelReport[] {
  return levels
    .toSorted((a, b) => a.level - b.level)
    .flatMap((measured) => {
      const [first, ...others] = windowsOf(measured);
      if (first === undefined) return [];
      const report = reportLevel([first, ...others], question);
      const isUndecided = search?.levels.some((each) => each.level === measured.level && each.verdict === 'undecided');
      return [
        {
          ...report,
          meetsThreshold: isUndecided === true ? false : report.meetsThreshold,
          notes: [...report.notes, ...repeatedNote(measured)],
        },
      ];
    });
}

function windowsOf({ windows, unusable }: MeasuredLevel): readonly MeasuredWindow[] {
  return windows.length > 0 ? windows : unusable;
}

function repeatedNote({ windows, unusable }: MeasuredLevel): string[] {
  if (windows.length === 0 || unusable.length === 0) return [];
  const reasons = [...new Set(whyInvalid(unusable.map(({ load }) => load)))].join('; ');
  return [`left out, as they could not be used, and measured again: ${unusable.length} windows (${reasons})`];
}

/** Whether what was measured answers the question: of a search only the level that it found counts. */
export function isInvalid(levels: readonly LevelReport[], { search }: LoadMeasured): boolean {
  if (search === null) return levels.some(({ invalid }) => invalid.length > 0);
  return !search.complete || levels.some(({ level, invalid }) => level === search.highest && invalid.length > 0);
}

export function resultText(
  about: LoadSubject,
  levels: readonly LevelReport[],
  measured: LoadMeasured,
  { question }: LoadRequest,
): string {
  const parts = [describeSubject(about), ...levels.map(describeLevel)];
  if (measured.search !== null) parts.push(describeSearch(measured.search));
  const lines = lastLines(levels, question.percentile).map((line) => `${line}\n`);
  return [...parts, levels.length === 0 ? 'nothing was measured\n' : lines.join('')].join('\n');
}

/** The same numbers for programs; latencies in ns. `schemaVersion` changes when a field changes its meaning or goes. */
export function resultDocument(
  about: LoadSubject,
  levels: readonly LevelReport[],
  measured: LoadMeasured,
  { question }: LoadRequest,
): object {
  return {
    schemaVersion: 1,
    tool: { name: 'tritune', version },
    subject: about,
    percentile: question.percentile,
    thresholdNs: question.thresholdNs,
    interrupted: measured.interruption !== undefined,
    valid: !isInvalid(levels, measured) && measured.interruption === undefined,
    search: measured.search,
    levels,
  };
}

/** Writes the files that were asked for, all that can be. @throws Failure (usage) for the first that cannot. */
export function writeFiles(
  { files, question, pacings }: LoadRequest,
  levels: readonly LevelReport[],
  measured: LoadMeasured,
): void {
  if (levels.length === 0) return;
  const all = measured.levels.map((each) => ({ level: each.level, loads: windowsOf(each).map(({ load }) => load) }));
  const texts: [string, string][] = [];
  if (files.csv !== null) texts.push([files.csv, csvTable(levels, question.percentile)]);
  if (files.hlog !== null) {
    texts.push([files.hlog, intervalLog(all.map(({ level, loads }) => ({ tag: `${pacings.kind}-${level}`, loads })))]);
  }
  for (const { level, loads } of all) {
    const file = files.hgrm?.get(level);
    if (file !== undefined) texts.push([file, percentileTable(loads)]);
  }
  writeAll(texts);
}
