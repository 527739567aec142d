import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Server } from '../engines/engine.ts';
import { Failure } from '../failure.ts';

/**
 * The loader passes over a library that it cannot preload with one line in the log, and the server then runs as it always
 * did. @throws Failure (server) where a library of LD_PRELOAD is not among those that the server has mapped.
 */
export function checkPreload({ pid }: Pick<Server, 'pid'>, environment: Readonly<Record<string, string>>): void {
  const libraries = (environment.LD_PRELOAD ?? '').split(/[\s:]+/).filter((library) => library !== '');
  const maps = pid === undefined || libraries.length === 0 ? undefined : readMaps(pid);
  if (maps === undefined) return;
  const missing = libraries.filter((library) => !maps.some((path) => isOf(library, path)));
  if (missing.length === 0) return;
  throw new Failure('server', 'preload', `the server runs without ${missing.join(', ')} of LD_PRELOAD`, {
    hint: 'name libraries that exist, for this processor and C library, by their whole path',
  });
}

/** A library that is a link is mapped under the name of what it leads to: `libjemalloc.so` as `libjemalloc.so.2`. */
function isOf(library: string, path: string): boolean {
  const stem = (name: string): string => basename(name).replace(/\.so[.\d]*$/, '');
  return path === library || stem(path) === stem(library) || stem(path).startsWith(`${stem(library)}-`);
}

function readMaps(pid: number): string[] | undefined {
  try {
    const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
    return [...new Set(lines.flatMap((line) => /\s(\/\S.*\.so\S*)$/.exec(line)?.[1] ?? []))];
  } catch {
    return undefined;
  }
}
