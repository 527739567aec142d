import { z } from 'zod';
import type { SettingValue } from '../modelconfig/settings.ts';
import { parseCondition } from './condition.ts';
import { dockerFields, refuseDockerFields } from './docker-schema.ts';
import { loadChange, loadParts } from './load-schema.ts';
import { constraints, objective } from './objective-schema.ts';
import { placement } from './placement-schema.ts';
import { count, durationMs, errorRate, margin } from './quantity-schema.ts';
import { remoteKeys, remoteOf } from './remote-schema.ts';
import { variantsMost } from './search.ts';
import { serverEnvironment } from './server-environment.ts';
import { isOwnFlag } from './server-flags.ts';

const name = (what: string) =>
  z
    .string({ error: `${what} is a name` })
    .regex(
      /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/,
      `${what} may hold letters, digits, ".", "_" and "-" (at most 100), no leading "." or "-"`,
    );

const port = z.int({ error: 'a port is a whole number from 1 to 65535' }).min(1).max(65535).nullable().default(null);

const settingValue: z.ZodType<SettingValue> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(settingValue), z.record(z.string(), settingValue)]),
);

const engineKind = z.enum(['auto', 'local', 'embedded', 'docker', 'remote'], {
  error: 'engine is one of auto, local, embedded, docker, remote, or an object with kind',
});

const engineObject = z
  .strictObject({
    kind: engineKind,
    path: z.string().min(1).nullable().default(null),
    httpPort: port,
    grpcPort: port,
    environment: serverEnvironment,
    flags: z
      .array(
        z
          .string()
          .refine((flag) => !isOwnFlag(flag), 'Tritune sets this flag itself: leave it out')
          .refine((flag) => !/\p{Cc}/u.test(flag), 'a flag holds no control characters'),
      )
      .default([]),
    ...dockerFields,
    ...remoteKeys,
  })
  .superRefine(refuseDockerFields)
  .transform(
    ({ kind, path, httpPort, grpcPort, flags, image, composeFile, service, cpuset, environment, ...remote }) => ({
      ...{ kind, path, httpPort, grpcPort, flags, image, composeFile, service, cpuset, environment },
      remote: remoteOf(remote),
      named: Object.keys(remote),
    }),
  );

const engine = z.preprocess((value) => (typeof value === 'string' ? { kind: value } : value), engineObject);

const range = z
  .strictObject({
    from: z.number({ error: 'from is a number' }),
    to: z.number({ error: 'to is a number' }),
    scale: z.enum(['linear', 'log'], { error: 'scale is linear or log' }).default('linear'),
    whole: z.boolean({ error: 'whole is true or false' }).default(true),
  })
  .refine(({ from, to }) => from < to, 'a range goes from a smaller number to a larger one')
  .refine(({ from, scale }) => scale === 'linear' || from > 0, 'a range on a log scale begins above 0')
  .refine(({ from, to, whole }) => !whole || (Number.isSafeInteger(from) && Number.isSafeInteger(to)), {
    message: 'from and to are whole numbers; for others write whole: false',
  });

const search = z
  .strictObject({
    strategy: z.enum(['list', 'grid', 'one-at-a-time', 'random', 'latin-hypercube'], {
      error: 'strategy is one of grid, one-at-a-time, random, latin-hypercube, or list for the variants alone',
    }),
    parameters: z
      .record(
        z.string(),
        z.union([z.array(settingValue).min(1, 'a parameter has at least one value'), range], {
          error: 'a parameter is a list of values or a range { from, to }',
        }),
      )
      .default({}),
    samples: count('samples', variantsMost).default(12),
    where: z
      .array(
        z
          .string()
          .refine(
            (text) => parseCondition(text) !== undefined,
            'a condition compares two sums, such as "instances * threads <= cores"',
          ),
      )
      .default([]),
  })
  .refine(({ strategy, parameters }) => strategy === 'list' || Object.keys(parameters).length > 0, {
    message: 'a search names the parameters that it varies',
    path: ['parameters'],
  })
  .refine(
    ({ strategy, parameters }) =>
      !['grid', 'one-at-a-time'].includes(strategy) || Object.values(parameters).every(Array.isArray),
    { message: 'a range is for random and latin-hypercube; this strategy takes lists of values', path: ['parameters'] },
  );

/**
 * The plan file as it is written, key by key with its defaults; `parsePlan` makes a Plan of it.
 * Messages say what to write instead, since the reader sees the line beside them.
 */
export const planSchema = z.strictObject({
  name: name('name'),
  model: name('model'),
  modelRepository: z.string({ error: 'modelRepository is the path of the folder that holds the model folders' }).min(1),
  engine: engine.prefault('auto'),
  placement: placement.prefault('auto'),
  apply: z
    .enum(['auto', 'reload', 'restart', 'colocate'], { error: 'apply is one of auto, reload, restart, colocate' })
    .default('auto'),
  load: z.strictObject({
    protocol: loadParts.protocol.default('http'),
    concurrency: loadParts.concurrency.default(8),
    batchSize: loadParts.batchSize.default(1),
    input: z.string({ error: 'input is the path of a CSV, JSON or .npy file of examples, or random or zero' }).min(1),
    requestTimeout: durationMs.default(60_000),
  }),
  objective: objective.prefault({ maximize: 'throughput' }),
  constraints: constraints.prefault({}),
  goal: z.enum(['improve', 'best'], { error: 'goal is improve or best' }).default('improve'),
  practicalMargin: margin.default(0.02),
  alpha: errorRate.default(0.05),
  budget: durationMs.nullable().default(null),
  blocks: count('blocks', 1000).nullable().default(null),
  slicesPerBlock: count('slicesPerBlock', 100).default(4),
  seed: z
    .int({ error: 'seed is a whole number' })
    .min(0)
    .max(2 ** 32 - 1, 'seed is at most 4294967295')
    .default(1),
  expectEqual: z.boolean({ error: 'expectEqual is true or false' }).default(false),
  allowResponseCache: z.boolean({ error: 'allowResponseCache is true or false' }).default(false),
  variants: z
    .array(
      z.strictObject({
        id: name('id'),
        settings: z.record(z.string(), settingValue).default({}),
        serverFlags: z.record(z.string(), settingValue).default({}),
        load: loadChange.exactOptional(),
      }),
      { error: 'variants is a list of { id, settings }' },
    )
    .max(variantsMost, `at most ${variantsMost} variants`)
    .default([]),
  search: search.optional(),
});

export type PlanFile = z.output<typeof planSchema>;
