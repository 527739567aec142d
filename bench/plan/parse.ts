import { dirname, resolve } from 'node:path';
import { isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { Failure } from '../failure.ts';
import { nearest } from '../modelconfig/nearest.ts';
import { dockerChoice } from './docker-schema.ts';
import { changesLoad, checkLoadSpace, isLoadPath, splitLoad } from './load-axis.ts';
import { baselineId, type Plan, type Variant } from './plan.ts';
import { checkRemote } from './remote-plan.ts';
import { withPaths } from './remote-schema.ts';
import { type PlanFile, planSchema } from './schema.ts';
import { expandSearch, gridSize, variantsMost } from './search.ts';
import { foldServerFlags } from './variant-flags.ts';
import { variantName } from './variant-name.ts';

const planLimitBytes = 1024 * 1024;

/**
 * Reads a plan file's text. Relative paths in it count from the folder of `path`; `file` is how messages name it.
 * @throws Failure (usage) with file, line, column and what to write instead, for the first thing that is wrong.
 */
export function parsePlan(text: string, file: string, path = file): Plan {
  if (Buffer.byteLength(text) > planLimitBytes) throw new Failure('usage', 'plan', `${file} is larger than 1 MiB`);
  const source = locate(text, file);
  const parsed = planSchema.safeParse(source.value);
  if (!parsed.success) throw source.failure(parsed.error);
  const data = foldServerFlags(parsed.data, source.at);
  checkVariantIds(data, source);
  checkLimits(data, source);
  checkRemote(data, source.at);
  const variants = [...data.variants.map(({ serverFlags: _, ...variant }) => variant), ...searched(data, source)];
  if (variants.length === 0) {
    throw source.at(['variants'], 'names no variant beside the baseline', 'write variants: or search:');
  }
  const plan = resolvePlan(data, variants, dirname(resolve(path)));
  checkEqualLoads(plan, source);
  checkLevels(plan, source);
  return plan;
}

type Path = readonly PropertyKey[];
type Source = {
  value: unknown;
  at(path: Path, message: string, hint?: string): Failure;
  failure(error: z.ZodError): Failure;
};

function locate(text: string, file: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number, message: string, hint?: string): Failure => {
    const { line, col } = lines.linePos(offset);
    return new Failure('usage', 'plan', `${file}:${line}:${col}: ${message}`, hint === undefined ? {} : { hint });
  };
  const [error] = document.errors;
  if (error !== undefined) throw at(error.pos[0], error.message.split('\n')[0] ?? 'no YAML');
  const offsetOf = (path: Path): number => offsetAt(document.contents, path);
  const source: Source = {
    value: toValue(() => document.toJS({ maxAliasCount: 100 }), file),
    at: (path, message, hint) => at(offsetOf(path), `${pathText(path)}${message}`, hint),
    // A misspelt key is also a missing one; its own spelling is the better thing to talk about.
    failure: ({ issues }) => describe(issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0], source),
  };
  visit(document, {
    Pair: (_, pair) => {
      // Such a key vanishes on the way to plain objects, and with it what the plan asked for.
      if (isScalar(pair.key) && pair.key.value === '__proto__')
        throw at(pair.key.range?.[0] ?? 0, '__proto__ is not a key here');
    },
  });
  if (!isMap(document.contents)) throw at(0, 'a plan is a map of keys such as name, model and variants');
  return source;
}

function toValue(read: () => unknown, file: string): unknown {
  try {
    return read();
  } catch {
    throw new Failure('usage', 'plan', `${file} repeats its aliases too often`, { hint: 'write the values out' });
  }
}

/** Where the value at `path` begins, or the deepest part of it that exists. */
function offsetAt(root: Node | null, path: Path): number {
  let node: Node | null = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === String(key));
      if (pair === undefined) return offset;
      offset = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = isNode(pair.value) ? pair.value : null;
    } else {
      const items: unknown = (node as { items?: unknown } | null)?.items;
      const item: unknown = Array.isArray(items) ? items[Number(key)] : undefined;
      if (!isNode(item)) return offset;
      node = item;
      offset = node.range?.[0] ?? offset;
    }
  }
  return offset;
}

function describe(issue: z.core.$ZodIssue | undefined, source: Source): Failure {
  if (issue === undefined) return source.at([], 'is not a plan');
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const guess = nearest(key, knownKeys(issue.path));
    return source.at(
      [...issue.path, key],
      'is not a key here',
      guess === undefined ? undefined : `did you mean ${guess}?`,
    );
  }
  if (valueAt(source.value, issue.path) === undefined) return source.at(issue.path, 'is missing');
  // Of a union whose discriminating message says what is allowed, that message is the useful one.
  return source.at(issue.path, issue.message);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null && Object.hasOwn(part, key)
        ? (part as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}

/** The keys that the schema knows at a path, read from its own JSON Schema so that they are written once. */
function knownKeys(path: Path): string[] {
  let schema: JsonSchema | undefined = z.toJSONSchema(planSchema, {
    io: 'input',
    unrepresentable: 'any',
  }) as JsonSchema;
  for (const key of path) schema = typeof key === 'number' ? schema?.items : schema?.properties?.[String(key)];
  return Object.keys(schema?.properties ?? {});
}
type JsonSchema = { properties?: Record<string, JsonSchema>; items?: JsonSchema };

function pathText(path: Path): string {
  if (path.length === 0) return '';
  return `${path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`)).join('')}: `;
}

function checkVariantIds(plan: PlanFile, source: Source): void {
  const seen = new Set<string>([baselineId]);
  plan.variants.forEach(({ id, settings, load = {} }, index) => {
    const taken =
      id === baselineId ? 'is the name of the committed config.pbtxt; choose another' : 'is the id of two variants';
    if (seen.has(id)) throw source.at(['variants', index, 'id'], `"${id}" ${taken}`);
    seen.add(id);
    const part = Object.keys(settings).find(isLoadPath);
    const beside = 'a load stands beside settings: load: { concurrency: 16 }';
    if (part !== undefined)
      throw source.at(['variants', index, 'settings', part], 'is no field of config.pbtxt', beside);
    if (Object.keys({ ...settings, ...load }).length === 0 && !plan.expectEqual) {
      throw source.at(
        ['variants', index],
        `"${id}" sets nothing, so it is the baseline again`,
        'a plan of equal variants says expectEqual: true',
      );
    }
  });
}

/** Variants that are the same on purpose are sent the same, too. */
function checkEqualLoads({ expectEqual, variants, load }: Plan, source: Source): void {
  const other = variants.find((variant) => expectEqual && changesLoad(variant, load));
  if (other === undefined) return;
  throw source.at(['expectEqual'], `"${other.id}" has another load than the baseline, so that they are not equal`);
}

/** A variant's own number of outstanding requests says nothing where each has the level that is found for it. */
function checkLevels({ objective, variants }: Plan, source: Source): void {
  const fixed = variants.find(({ load }) => objective.kind === 'capacity' && load?.concurrency !== undefined);
  if (fixed === undefined) return;
  throw source.at(
    ['objective'],
    `"${fixed.id}" says how many requests are outstanding, which a capacity finds for each variant`,
    'leave load.concurrency out of the variants, or maximise throughput',
  );
}

/** A limit that stands twice would be tested twice, and one of the two would be forgotten. */
function checkLimits({ objective, constraints }: PlanFile, source: Source): void {
  if (objective.kind !== 'capacity') return;
  const twice = objective.limits.find(({ metric }) => constraints.some((constraint) => constraint.metric === metric));
  if (twice === undefined) return;
  throw source.at(
    ['constraints', twice.metric],
    'has a limit in objective.capacity.where already',
    'write it in one of the two; both are kept',
  );
}

/** Values that are made up are no file; a file of such a name is ./random. */
function resolveInput(folder: string, input: string): string {
  return input === 'random' || input === 'zero' ? input : resolve(folder, input);
}

/** The variants that a search adds to those of the list; a name that the list has already gets a number. */
function searched({ search, seed, variants }: PlanFile, source: Source): Variant[] {
  if (search === undefined || search.strategy === 'list') return [];
  const { strategy, parameters, samples } = search;
  const asked = { strategy, parameters, samples };
  for (const [path, space] of Object.entries(parameters)) {
    const wrong = checkLoadSpace(path, space);
    if (wrong !== undefined) throw source.at(['search', 'parameters', path], wrong.message, wrong.hint);
  }
  if (strategy === 'grid' && gridSize(asked) > variantsMost) {
    throw source.at(
      ['search', 'parameters'],
      `make ${gridSize(asked)} combinations; at most ${variantsMost} variants can be measured`,
      'draw some of them: strategy: latin-hypercube',
    );
  }
  const combinations = expandSearch(asked, seed);
  const count = combinations.length + variants.length;
  if (count > variantsMost)
    throw source.at(['search', 'parameters'], `make ${count} variants; at most ${variantsMost} can be measured`);
  const taken = new Set(variants.map(({ id }) => id));
  return combinations.map((found) => ({ id: variantName(found, taken), ...splitLoad(found) }));
}

function resolveEngine({ named: _, path, remote, ...own }: PlanFile['engine'], folder: string): Plan['engine'] {
  const { image, composeFile, service, cpuset, ...rest } = own;
  const absolute = (file: string): string => resolve(folder, file);
  const docker = dockerChoice({ image, composeFile, service, cpuset }, folder);
  return {
    ...rest,
    path: path === null ? null : absolute(path),
    remote: remote === null ? null : withPaths(remote, absolute),
    ...(docker === undefined ? {} : { docker }),
  };
}

function resolvePlan(plan: PlanFile, variants: readonly Variant[], folder: string): Plan {
  const { budget, load, search, ...rest } = plan;
  const { requestTimeout, input, ...loadRest } = load;
  return {
    ...rest,
    modelRepository: resolve(folder, plan.modelRepository),
    engine: resolveEngine(plan.engine, folder),
    load: { ...loadRest, input: resolveInput(folder, input), requestTimeoutMs: requestTimeout },
    constraints: [...(plan.objective.kind === 'capacity' ? plan.objective.limits : []), ...plan.constraints],
    budgetMs: budget,
    variants,
    conditions: search?.where ?? [],
  };
}
