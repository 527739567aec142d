import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** The name that a server of this installation gives itself, by which its clients know what serves. */
export const standInServerId = 'tritune-python-onnxruntime';
export const standInBackend = 'python-based onnxruntime backend';

const manifest = z.object({
  schemaVersion: z.literal(1),
  /** Absolute paths throughout: an installation does not survive being moved. */
  tritonserver: z.string(),
  backendDirectory: z.string(),
  /** For LD_LIBRARY_PATH and PATH, in front of what is there. */
  libraryPath: z.array(z.string()),
  pathPrefix: z.array(z.string()),
  pythonVersion: z.string(),
  /** Of the Python packages, by name. */
  versions: z.record(z.string(), z.string()),
  backend: z.literal(standInBackend),
  /** What it was made from: a change of either makes it out of date. */
  requirements: z.array(z.string()),
  backendDigest: z.string(),
});

/** A Triton under `.triton/` of the project: `installation.json` is written last, so that it is there means all is. */
export type Installation = z.infer<typeof manifest>;

export function tritonFolder(root: string): string {
  return join(root, '.triton');
}

/** The `.triton/` that an installation is in. */
export function tritonFolderOf(installation: Installation): string {
  return dirname(installation.backendDirectory);
}

export function manifestPath(root: string): string {
  return join(tritonFolder(root), 'installation.json');
}

/** The installation below a project folder, or why there is none that can be used. */
export function readInstallation(root: string): { found: Installation } | { missing: string } {
  const path = manifestPath(root);
  if (!existsSync(path)) return { missing: `no Triton is installed under ${tritonFolder(root)}` };
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { missing: `${path} is not JSON` };
  }
  const parsed = manifest.safeParse(content);
  if (!parsed.success) return { missing: `${path} is of another version or damaged` };
  const { tritonserver, backendDirectory, pathPrefix } = parsed.data;
  const gone = [tritonserver, join(backendDirectory, 'onnxruntime', 'model.py'), ...pathPrefix].find(
    (needed) => !existsSync(needed),
  );
  return gone === undefined ? { found: parsed.data } : { missing: `${gone} of the Triton installation is gone` };
}
