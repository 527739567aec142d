import type { FieldNode, MessageNode, ScalarNode, Tree } from './document.ts';
import { pathFailure, type Step } from './path.ts';
import { itemsOf, type PlainValue, readMessage, readValue } from './plain.ts';
import { entrySchema, type FieldSchema } from './schema.ts';
import { quoted } from './source.ts';

/** Where a value stands: its own node, and the field that writes it (in a list, together with others). */
export type Place = { readonly field: FieldNode; readonly node: ScalarNode | MessageNode };

/** Every value that a message's fields of this name write, in the order of the text. */
export function placesOf(container: MessageNode, name: string): Place[] {
  const fields = container.fields.filter((field) => field.name === name);
  return fields.flatMap((field) => itemsOf(field).map((node) => ({ field, node })));
}

/** The message at a place that the schema says is one. */
export function messageAt(place: Place): MessageNode {
  if (place.node.kind !== 'message') throw new Error(`${place.field.name} is not a message`);
  return place.node;
}

/** The key of the map entry at a place. */
export function keyAt(tree: Tree, place: Place, field: FieldSchema): string {
  const { key } = readMessage(tree, messageAt(place), entrySchema(field));
  if (key !== undefined) return String(key);
  return field.keyType === 'string' ? '' : '0';
}

/**
 * What one step leads to, or undefined where it is not there yet. Throws a usage Failure where the step gives no index
 * and there are several elements, or an index with a gap before it.
 */
export function findPlace(tree: Tree, container: MessageNode, step: Step, path: string): Place | undefined {
  const places = placesOf(container, step.field.name);
  if (step.kind === 'single') return places[0];
  if (step.kind === 'entry') return places.findLast((place) => keyAt(tree, place, step.field) === step.key);
  if (step.kind === 'all' || step.index === 'append') return undefined;
  const count = places.length;
  if (step.index === 'only') {
    if (count <= 1) return places[0];
    const hint = `name one of them: ${step.field.name}[0] to ${step.field.name}[${count - 1}]`;
    throw pathFailure(path, `there are ${count} of ${step.field.name}: ${describe(tree, places, step.field)}`, hint);
  }
  if (step.index <= count) return places[step.index];
  const there = count === 0 ? 'none yet' : `${count}: ${describe(tree, places, step.field)}`;
  const hint = `${step.field.name}[${count}] or ${step.field.name}[+] appends`;
  throw pathFailure(path, `there is no ${step.field.name}[${step.index}], there are ${there}`, hint);
}

function describe(tree: Tree, places: readonly Place[], field: FieldSchema): string {
  const shown = places.slice(0, 8).map((place, index) => {
    return `[${index}] ${summary(readValue(tree, place.node, field))}`;
  });
  return [...shown, ...(places.length > shown.length ? ['...'] : [])].join('; ');
}

function summary(value: PlainValue): string {
  if (typeof value !== 'object' || Array.isArray(value)) return shownScalar(value);
  const parts = Object.entries(value)
    .slice(0, 4)
    .map(([name, item]) => `${name} ${shownScalar(item ?? '')}`);
  return parts.length === 0 ? '{ }' : parts.join(', ');
}

function shownScalar(value: PlainValue): string {
  if (typeof value === 'string') return /^\w+$/.test(value) ? value : quoted(value);
  if (typeof value !== 'object') return String(value);
  return Array.isArray(value) ? quoted(JSON.stringify(value)).slice(1, -1) : '{ ... }';
}
