import { z } from 'zod';
import { formatCpuList, parseCpuList } from '../cpu-list.ts';
import type { PlacementChoice } from './plan.ts';

const forms = 'placement is auto, none, or lists of CPUs: { server: "0-13", client: "14-15" }';
const listForm = 'write a list of CPUs in quotes, such as "0-3,8"';

const cpuList = z.union([z.string(), z.int()], { error: listForm }).transform((text, context) => {
  const cpus = parseCpuList(String(text));
  if (cpus !== undefined && cpus.length > 0) return cpus;
  context.addIssue({ code: 'custom', message: listForm });
  return z.NEVER;
});

/** Which CPUs server and client have. */
export const placement: z.ZodType<PlacementChoice, unknown> = z.preprocess(
  withKind,
  z
    .discriminatedUnion(
      'kind',
      [
        z.strictObject({ kind: z.enum(['auto', 'none']) }),
        z.strictObject({ kind: z.literal('lists'), server: cpuList, client: cpuList }),
      ],
      { error: forms },
    )
    .superRefine((choice, context) => {
      if (choice.kind !== 'lists') return;
      const both = choice.server.filter((cpu) => choice.client.includes(cpu));
      if (both.length > 0)
        context.addIssue({ code: 'custom', message: `CPU ${both[0]} is in both lists: each belongs to one of them` });
    }),
);

/** A word names its kind, and two lists are a kind of their own. */
function withKind(value: unknown): unknown {
  if (typeof value === 'string') return { kind: value };
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap && !('kind' in value) ? { kind: 'lists', ...value } : value;
}

/** The same from the command line: `auto`, `none`, or the lists of server and client with a colon between, "0-13:14-15". */
export function parsePlacement(text: string): PlacementChoice | string {
  const [server, client, ...more] = text.split(':');
  const value = client === undefined || more.length > 0 ? text : { server, client };
  const parsed = placement.safeParse(value);
  if (parsed.success) return parsed.data;
  return parsed.error.issues[0]?.message.startsWith('CPU ')
    ? (parsed.error.issues[0]?.message ?? '')
    : 'write auto, none, or two lists of CPUs, SERVER:CLIENT, such as 0-13:14-15';
}

/** As the command line takes it. */
export function placementText(choice: PlacementChoice): string {
  return choice.kind === 'lists' ? `${formatCpuList(choice.server)}:${formatCpuList(choice.client)}` : choice.kind;
}
