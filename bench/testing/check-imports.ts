import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Imports go one way through the code; this says which folder may use which. Types of plan/ may be used everywhere, and so
 * may the files that lie beside the folders. Tests may use testing/ as well.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  cli: ['run', 'engines', 'load', 'stats', 'report', 'plan', 'modelconfig', 'kserve'],
  run: ['engines', 'load', 'stats', 'report', 'plan', 'modelconfig', 'kserve'],
  report: ['stats'],
  engines: ['kserve', 'modelconfig'],
  load: ['kserve'],
  plan: ['modelconfig'],
  stats: [],
  kserve: [],
  modelconfig: [],
  testing: ['kserve', 'load', 'modelconfig'],
  benchmarks: ['run', 'engines', 'load', 'stats', 'report', 'plan', 'modelconfig', 'kserve', 'testing'],
};

/** The imports that break the rules, one line each. */
export function brokenImports(bench: string): string[] {
  return globSync('**/*.ts', { cwd: bench }).flatMap((file) => {
    const text = readFileSync(join(bench, file), 'utf8');
    const imports = [...text.matchAll(/^(?:import|export) (type )?[^;]*?from '(\.[^']+)';/gms)];
    return imports.flatMap(([, type, target = '']) => {
      const path = relative(bench, resolve(bench, dirname(file), target));
      return mayImport(file, path, type !== undefined) ? [] : [`bench/${file} may not import ${path}`];
    });
  });
}

function mayImport(from: string, to: string, typeOnly: boolean): boolean {
  const [source, target] = [folderOf(from), folderOf(to)];
  if (target === source || target === undefined || source === undefined) return true;
  if (typeOnly && target === 'plan') return true;
  if (isTest(from) && target === 'testing') return true;
  return allowed[source]?.includes(target) ?? false;
}

/** The folder directly under bench/, or undefined for a file that lies beside the folders. */
function folderOf(path: string): string | undefined {
  return path.includes('/') ? path.split('/')[0] : undefined;
}

function isTest(path: string): boolean {
  return /\.(test|test-suite)\.ts$/.test(path) || /\/(contract-|fixtures\/)/.test(path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const broken = brokenImports(fileURLToPath(new URL('..', import.meta.url)));
  for (const line of broken) process.stderr.write(`${line}\n`);
  process.exitCode = broken.length === 0 ? 0 : 1;
}
