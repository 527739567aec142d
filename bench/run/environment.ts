import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { cpus, hostname, loadavg, release, totalmem, type } from 'node:os';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { type ContainerLimits, readContainerLimits } from './container-limits.ts';
import { macFacts, readPowerFacts, type TopologyFacts, topologyFacts } from './host-facts.ts';
import { unknown } from './host-files.ts';
import { type StrainBefore, watchStrain } from './host-strain.ts';

/** Where and on what a run was made: facts for the report and for telling hosts apart. What cannot be seen is "unknown". */
export type Environment = {
  readonly host: Readonly<Record<string, string | number>>;
  readonly topology: TopologyFacts;
  readonly container: ContainerLimits;
  /** What others did to the host just before the run. */
  readonly before: StrainBefore;
  readonly software: Readonly<Record<string, string>>;
  readonly git: { readonly commit: string; readonly dirty: boolean | 'unknown' };
  /** md5 of each file of the model, by its path in the model's folder: what DVC pointers hold too. */
  readonly model: Readonly<Record<string, string>>;
};

export async function describeEnvironment(modelFolder: string, projectFolder: string): Promise<Environment> {
  // Before anything else is started here, which would be seen as well.
  const before = await watchStrain();
  const [cpu, git, model] = await Promise.all([describeCpu(), describeGit(projectFolder), hashModel(modelFolder)]);
  return {
    host: {
      name: hostname(),
      ...cpu,
      memoryBytes: totalmem(),
      kernel: `${type()} ${release()}`,
      ...readPowerFacts(),
      loadAverage: loadavg()
        .map((value) => value.toFixed(2))
        .join(' '),
    },
    topology: topologyFacts(),
    container: readContainerLimits(),
    before,
    software: { node: process.version, glibc: glibcVersion() },
    git,
    model,
  };
}

/** The md5 of one file, read as a stream: models can be larger than memory. */
export async function md5Of(file: string): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

async function describeCpu(): Promise<Record<string, string | number>> {
  const basics = { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length };
  const result = await execa('lscpu', ['--json'], { reject: false, timeout: 5_000 });
  if (result.failed) return { ...basics, ...(await macFacts()) };
  const wanted: Record<string, string> = {
    'Thread(s) per core:': 'threadsPerCore',
    'Socket(s):': 'sockets',
    'NUMA node(s):': 'numaNodes',
    'Hypervisor vendor:': 'hypervisor',
    'Model name:': 'cpuName',
    'CPU max MHz:': 'maxMhz',
    'L3 cache:': 'l3Cache',
    'L3:': 'l3Cache',
  };
  const facts: Record<string, string | number> = { ...basics };
  for (const { field, data } of lscpuFields(result.stdout)) {
    const name = wanted[field];
    if (name !== undefined && data !== null) facts[name] = data;
  }
  // Where the kernel names no model, as on ARM, lscpu does.
  const { cpuName, ...rest } = facts;
  return rest.cpu === unknown && cpuName !== undefined ? { ...rest, cpu: cpuName } : rest;
}

type LscpuField = { field: string; data: string | null; children?: LscpuField[] };

function lscpuFields(json: string): LscpuField[] {
  try {
    const flatten = (fields: LscpuField[]): LscpuField[] =>
      fields.flatMap((each) => [each, ...flatten(each.children ?? [])]);
    return flatten((JSON.parse(json) as { lscpu: LscpuField[] }).lscpu);
  } catch {
    return [];
  }
}

async function describeGit(folder: string): Promise<Environment['git']> {
  const git = (...args: string[]) => execa('git', ['-C', folder, ...args], { reject: false, timeout: 5_000 });
  const [commit, status] = await Promise.all([
    git('rev-parse', 'HEAD'),
    git('status', '--porcelain', '--untracked-files=no'),
  ]);
  return {
    commit: commit.failed ? 'unknown' : commit.stdout.trim(),
    dirty: status.failed ? 'unknown' : status.stdout !== '',
  };
}

async function hashModel(folder: string): Promise<Record<string, string>> {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    // A link to a file is one too: DVC may link into its cache.
    .filter((file) => !file.endsWith('.dvc') && isFile(file))
    .sort();
  const hashed = await Promise.all(files.map(async (file) => [relative(folder, file), await describeFile(file)]));
  return Object.fromEntries(hashed);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Gone, or a link that leads in a circle.
    return false;
  }
}

async function describeFile(file: string): Promise<string> {
  try {
    return `${await md5Of(file)} (${statSync(file).size} bytes)`;
  } catch {
    return 'unreadable';
  }
}

function glibcVersion(): string {
  const header = (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header;
  return header?.glibcVersionRuntime ?? 'unknown';
}
