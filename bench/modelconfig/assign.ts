import { type MessageNode, parseTree, type Tree } from './document.ts';
import { findPlace, keyAt, messageAt, type Place, placesOf } from './find.ts';
import { insertNew } from './insert.ts';
import { encodeString } from './literals.ts';
import { type Step, valueStep } from './path.ts';
import { type PlainMessage, type PlainValue, readValue } from './plain.ts';
import { type Edit, fieldsOf, remove, without } from './remove.ts';
import { renderList, renderOne, styleOf } from './render.ts';
import { type FieldSchema, messageSchema } from './schema.ts';
import { applySplices, removeField } from './splice.ts';

/**
 * The text once the steps lead to the value; undefined removes. The value is checked against the schema already. A
 * message or list that is there is changed part by part, each on the text that the part before gave.
 */
export function assign(edit: Edit, steps: readonly Step[], value: PlainValue | undefined): string {
  const tree = parseTree(edit);
  if (value === undefined) return remove(edit, tree, steps);
  let container = tree.root;
  for (const [at, step] of steps.entries()) {
    if (step.kind === 'all') return assignAll(edit, { tree, steps, container }, value);
    const place = findPlace(tree, container, step, edit.path);
    if (place === undefined) {
      return applySplices(edit.text, insertNew(tree, container, { steps: steps.slice(at), value, path: edit.path }));
    }
    if (at === steps.length - 1) return assignPlace(edit, tree, { steps, place, field: step.field }, value);
    container = messageAt(place);
  }
  return edit.text;
}

function assignPlace(
  edit: Edit,
  tree: Tree,
  target: { steps: readonly Step[]; place: Place; field: FieldSchema },
  value: PlainValue,
): string {
  const { steps, place, field } = target;
  if (place.node.kind === 'message')
    return assignFields(edit, steps, { field, node: place.node }, value as PlainMessage);
  if (readValue(tree, place.node, field) === value) return edit.text;
  const first = place.node.tokens[0];
  const keepsQuotes = first.kind === 'string' && first.text.startsWith("'");
  const text = keepsQuotes ? encodeString(String(value), "'") : renderOne(field.type, value, styleOf(tree), 'inline');
  return applySplices(edit.text, [{ start: place.node.start, end: place.node.end, text }]);
}

/** Makes a message exactly the one asked for, field by field, so that what stays the same keeps its text. */
function assignFields(
  edit: Edit,
  steps: readonly Step[],
  target: { field: FieldSchema; node: MessageNode },
  value: PlainMessage,
): string {
  const schema = target.field.type.kind === 'message' ? messageSchema(target.field.type.name) : undefined;
  const present = (field: FieldSchema) => {
    return field.label === 'single' || placesOf(target.node, field.name).length > 0;
  };
  let { text } = edit;
  for (const field of schema?.fields.values() ?? []) {
    const asked = value[field.name];
    if (asked === undefined && !present(field)) continue;
    text = assign({ ...edit, text }, [...steps, { kind: field.label === 'single' ? 'single' : 'all', field }], asked);
  }
  return text;
}

type Whole = { readonly tree: Tree; readonly steps: readonly Step[]; readonly container: Tree['root'] };

function assignAll(edit: Edit, whole: Whole, value: PlainValue): string {
  const { tree, steps, container } = whole;
  const field = steps.at(-1)?.field;
  if (field === undefined) throw new Error('a path has a last step');
  const places = placesOf(container, field.name);
  const isEmpty = Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
  if (places.length === 0 && isEmpty) return edit.text;
  if (!container.fields.some((each) => each.name === field.name)) {
    return applySplices(edit.text, insertNew(tree, container, { steps: steps.slice(-1), value, path: edit.path }));
  }
  if (field.label === 'map') return assignEntries(edit, whole, field, value as PlainMessage);
  if (field.type.kind === 'message') return assignElements(edit, whole, field, value as readonly PlainValue[]);
  const present = places.map((place) => readValue(tree, place.node, field));
  const asked = value as readonly PlainValue[];
  if (present.length === asked.length && asked.every((item, index) => item === present[index])) return edit.text;
  const [first, ...others] = container.fields.filter((each) => each.name === field.name);
  if (first === undefined) return edit.text;
  const list = { start: first.value.start, end: first.value.end, text: renderList(field, asked, styleOf(tree)) };
  return applySplices(edit.text, [list, ...others.map((each) => removeField(tree, each))]);
}

function assignElements(edit: Edit, whole: Whole, field: FieldSchema, asked: readonly PlainValue[]): string {
  const places = placesOf(whole.container, field.name);
  const extra = fieldsOf(places.slice(asked.length), places);
  if (extra.length > 0) return assign(without(edit, whole.tree, extra), whole.steps, asked);
  const above = whole.steps.slice(0, -1);
  let { text } = edit;
  for (let index = places.length - 1; index >= asked.length; index--) {
    text = assign({ ...edit, text }, [...above, { kind: 'item', field, index }], undefined);
  }
  for (const [index, item] of asked.entries()) {
    text = assign({ ...edit, text }, [...above, { kind: 'item', field, index }], item);
  }
  return text;
}

function assignEntries(edit: Edit, whole: Whole, field: FieldSchema, asked: PlainMessage): string {
  const places = placesOf(whole.container, field.name);
  const gone = places.filter((place) => !Object.hasOwn(asked, keyAt(whole.tree, place, field)));
  const extra = fieldsOf(gone, places);
  if (extra.length > 0) return assign(without(edit, whole.tree, extra), whole.steps, asked);
  const above = whole.steps.slice(0, -1);
  let { text } = edit;
  for (const key of new Set([...gone.map((place) => keyAt(whole.tree, place, field)), ...Object.keys(asked)])) {
    const value = Object.hasOwn(asked, key) ? asked[key] : undefined;
    text = assign({ ...edit, text }, [...above, { kind: 'entry', field, key }, valueStep(field)], value);
  }
  return text;
}
