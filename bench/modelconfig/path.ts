import { Failure } from '../failure.ts';
import { nearest } from './nearest.ts';
import { entrySchema, type FieldSchema, type MessageSchema, messageSchema, modelConfigSchema } from './schema.ts';
import { quoted } from './source.ts';

/**
 * One step from a message towards what a path names. `item` is an element of a repeated field: by index, `append`
 * (`[+]`), or `only` where the path gives no index; `all` is a repeated field or map as a whole; `entry` leads to a
 * map's entry, a message with the fields `key` and `value`.
 */
export type Step =
  | { readonly kind: 'single'; readonly field: FieldSchema }
  | { readonly kind: 'item'; readonly field: FieldSchema; readonly index: number | 'append' | 'only' }
  | { readonly kind: 'all'; readonly field: FieldSchema }
  | { readonly kind: 'entry'; readonly field: FieldSchema; readonly key: string };

type Segment =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'key'; readonly text: string }
  | { readonly kind: 'index'; readonly text: string };

const longestPath = 1000;
const segmentPattern = /(?:^|\.)([^.[\]"'\s]+)|\[(\d{1,9}|\+)\]|\["((?:[^"\\]|\\.)*)"\]|\['((?:[^'\\]|\\.)*)'\]/sy;

/**
 * The steps a dotted path takes through ModelConfig: `instance_group[1].count`, `instance_group[+]`,
 * `parameters.intra_op_thread_count`, `parameters["key.with.dots"]`. Throws a usage Failure that names the nearest
 * field where a name is unknown.
 */
export function parsePath(path: string): Step[] {
  const segments = splitPath(path);
  const steps: Step[] = [];
  let schema: MessageSchema | undefined = modelConfigSchema;
  for (let at = 0; at < segments.length; ) {
    const segment = segments[at];
    const reached = segments
      .slice(0, at)
      .map((each) => each.text)
      .join('.');
    if (schema === undefined) throw pathFailure(path, `${quoted(reached)} is a plain value: it has no parts`);
    const field: FieldSchema | undefined = segment?.kind === 'name' ? schema.fields.get(segment.text) : undefined;
    if (field === undefined) throw unknownSegment(path, segment, schema);
    const taken = takeField(path, field, segments.slice(at + 1));
    steps.push(...taken.steps);
    at += 1 + taken.used;
    schema = field.type.kind === 'message' && taken.inside ? messageSchema(field.type.name) : undefined;
  }
  return steps;
}

/** A failure about one setting's path. */
export function pathFailure(path: string, what: string, hint?: string): Failure {
  return new Failure('usage', 'setting-path', `setting ${quoted(path)}: ${what}`, hint === undefined ? {} : { hint });
}

/** The step to a map entry's value, which follows an `entry` step. */
export function valueStep(field: FieldSchema): Step {
  const value = entrySchema(field).fields.get('value');
  if (value === undefined) throw new Error('a map entry has a value');
  return { kind: 'single', field: value };
}

function takeField(path: string, field: FieldSchema, rest: readonly Segment[]) {
  const next = rest[0];
  if (field.label === 'single') {
    if (next !== undefined && next.kind !== 'name')
      throw pathFailure(path, `${field.name} is neither a list nor a map`);
    return { steps: [{ kind: 'single', field } as Step], used: 0, inside: true };
  }
  if (next === undefined) return { steps: [{ kind: 'all', field } as Step], used: 0, inside: false };
  if (field.label === 'map') {
    if (next.text === '+') throw pathFailure(path, `${field.name} is a map: name a key`);
    const steps: Step[] = [{ kind: 'entry', field, key: next.text }, valueStep(field)];
    return { steps, used: 1, inside: true };
  }
  if (next.kind === 'key') throw pathFailure(path, `${field.name} is a list: [0] is its first element`);
  const index = next.kind === 'name' ? 'only' : next.text === '+' ? 'append' : Number(next.text);
  return { steps: [{ kind: 'item', field, index } as Step], used: index === 'only' ? 0 : 1, inside: true };
}

function splitPath(path: string): Segment[] {
  const segments: Segment[] = [];
  if (path.length > longestPath) throw pathFailure(path, `longer than ${longestPath} characters`);
  for (let at = 0; at < path.length || at === 0; ) {
    segmentPattern.lastIndex = at;
    const found = segmentPattern.exec(path);
    if (found === null || segments.length >= 32 || path.startsWith('.')) {
      throw pathFailure(path, `not a path from character ${at + 1} on`, 'write a.b, a[0].b, a[+] or a["key"]');
    }
    const [whole, name, index, double, single] = found;
    if (name !== undefined) segments.push({ kind: 'name', text: name });
    else if (index !== undefined) segments.push({ kind: 'index', text: index });
    else segments.push({ kind: 'key', text: unescaped(double ?? single ?? '') });
    at += whole.length;
  }
  return segments;
}

/** A key in quotes as JSON would read it; an escape that JSON lacks stands for its own character. */
function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code?: string, mark = '') => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }[String(mark)] ?? String(mark);
  });
}

function unknownSegment(path: string, segment: Segment | undefined, schema: MessageSchema): Failure {
  const name = segment?.text ?? '';
  const known = [...schema.fields.keys()];
  const near = nearest(name, known);
  const advice = near === undefined ? '' : `; did you mean ${near}?`;
  return pathFailure(
    path,
    `${schema.name} has no field ${quoted(name)}${advice}`,
    `fields of ${schema.name}: ${known.join(', ')}`,
  );
}
