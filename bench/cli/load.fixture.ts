import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { SearchResult } from '../load/levels/search.ts';
import type { LevelReport } from '../load/report/level.ts';
import { loadSchemaPath } from '../load/report/publish-schema.ts';
import { type Ran, tritune } from './host.fixture.ts';
import type { Host } from './host.ts';
import type { LoadSubject } from './load-prepare.ts';

/** What `load --json` prints. */
export type LoadDocument = {
  readonly schemaVersion: number;
  readonly subject: LoadSubject;
  readonly thresholdNs: number | null;
  readonly interrupted: boolean;
  readonly valid: boolean;
  readonly search: SearchResult | null;
  readonly levels: readonly LevelReport[];
};

/** A folder that goes when disposed of. */
export class Scratch implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tritune-load-'));

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const shortly = ['--warm-up', '50ms', '-p', '300ms', '--request-timeout', '5s', '--threads', '1'];

/** Runs `load` in this process. */
export function load(args: readonly string[], host: Partial<Host> = {}): Promise<Ran> {
  return tritune(['load', ...args], host);
}

export async function loadJson(
  args: readonly string[],
  host: Partial<Host> = {},
): Promise<Ran & { document: LoadDocument }> {
  const ran = await load([...args, ...shortly, '--json'], host);
  assert.notEqual(ran.stdout, '', ran.stderr);
  return { ...ran, document: parseDocument(ran.stdout) };
}

const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(loadSchemaPath, 'utf8')));

/** Standard output of `load --json`, checked against the published schema. */
export function parseDocument(text: string): LoadDocument {
  const document: unknown = JSON.parse(text);
  assert(validate(document), JSON.stringify(validate.errors));
  return document as LoadDocument;
}

/** That nothing but a busy host, which is no fault of the code, made the measurement invalid. */
export function assertMeasured({ code, document }: Ran & { document: LoadDocument }): void {
  const reasons = document.levels.flatMap(({ invalid }) => invalid);
  assert.deepEqual(
    reasons.filter((reason) => !/^the client |outstanding were$/.test(reason)),
    [],
  );
  assert.equal(code, reasons.length === 0 ? 0 : 4);
  assert.equal(document.valid, reasons.length === 0);
}

/** The rows of a CSV file as maps of its header. */
export function csvRows(text: string): Record<string, string>[] {
  const [header = '', ...rows] = text.trimEnd().split('\n');
  const names = header.split(',');
  return rows.map((row) => Object.fromEntries(row.split(',').map((cell, index) => [names[index] ?? '', cell])));
}
