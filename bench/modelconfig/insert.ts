import type { ListNode, MessageNode, Tree } from './document.ts';
import { placesOf } from './find.ts';
import { pathFailure, type Step } from './path.ts';
import { type PlainMessage, type PlainValue, putOwn } from './plain.ts';
import { keyValue, renderElement, renderField, renderItem, styleOf } from './render.ts';
import { appendItem, insertField, type Splice } from './splice.ts';

/**
 * What puts a value into a message where the first of the steps finds nothing: the field, list element or map entry
 * that the steps name, with every message on the way to the value.
 */
export function insertNew(
  tree: Tree,
  container: MessageNode,
  target: { steps: readonly Step[]; value: PlainValue; path: string },
): Splice[] {
  const { steps, value, path } = target;
  const [step, ...inner] = steps;
  if (step === undefined) throw new Error('a path has a first step');
  const style = styleOf(tree);
  const { field } = step;
  const built = build(inner, value, path);
  const last = placesOf(container, field.name).at(-1);
  if (step.kind === 'single' || step.kind === 'all') {
    return insertField(tree, container, (layout) => renderField(field, built, style, layout), { style });
  }
  const element = step.kind === 'entry' ? entryOf(step, built) : built;
  const list = lastListOf(container, field.name);
  if (list !== undefined) {
    return appendItem(tree, list, (layout) => renderElement(field, element, style, layout), style);
  }
  if (last === undefined) {
    const whole = step.kind === 'entry' ? mapOf(step, built) : [built];
    return insertField(tree, container, (layout) => renderField(field, whole, style, layout), { style });
  }
  return insertField(tree, container, (layout) => renderItem(field, element, style, layout), {
    style,
    after: last.field,
  });
}

/** The list that a field's last node writes, empty ones included. */
function lastListOf(container: MessageNode, name: string): ListNode | undefined {
  const last = container.fields.findLast((field) => field.name === name);
  return last?.value.kind === 'list' ? last.value : undefined;
}

/** The value that a step's target gets so that the steps behind it lead to the value. */
function build(steps: readonly Step[], value: PlainValue, path: string): PlainValue {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  const { name } = step.field;
  if (step.kind === 'single') return { [name]: build(rest, value, path) };
  if (step.kind === 'all') return { [name]: value };
  if (step.kind === 'entry') return { [name]: mapOf(step, build(rest, value, path)) };
  if (typeof step.index === 'number' && step.index > 0) {
    throw pathFailure(path, `there is no ${name}[${step.index}]: ${name} has no elements yet`, `start with ${name}[0]`);
  }
  return { [name]: [build(rest, value, path)] };
}

type EntryStep = Step & { kind: 'entry' };

function mapOf(step: EntryStep, built: PlainValue): PlainMessage {
  const map: Record<string, PlainValue> = {};
  putOwn(map, step.key, (built as PlainMessage).value ?? '');
  return map;
}

function entryOf(step: EntryStep, built: PlainValue): PlainMessage {
  return { key: keyValue(step.field, step.key), value: (built as PlainMessage).value };
}
