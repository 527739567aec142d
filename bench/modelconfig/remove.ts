import { type FieldNode, parseTree, type Tree } from './document.ts';
import { findPlace, messageAt, type Place } from './find.ts';
import { pathFailure, type Step } from './path.ts';
import { itemsOf } from './plain.ts';
import type { FieldSchema } from './schema.ts';
import { applySplices, removeField, removeItem, type Splice } from './splice.ts';

/** A text on its way through an edit; `path` is the setting's, for errors. */
export type Edit = { readonly text: string; readonly file: string; readonly path: string };

/** The text without what the steps lead to; what is not there needs no removal. */
export function remove(edit: Edit, tree: Tree, steps: readonly Step[]): string {
  let container = tree.root;
  for (const [at, step] of steps.entries()) {
    if (step.kind === 'all') {
      const gone = container.fields.filter((field) => field.name === step.field.name);
      return without(edit, tree, gone).text;
    }
    const place = findPlace(tree, container, step, edit.path);
    const isLast = at === steps.length - 1 || (step.kind === 'entry' && at === steps.length - 2);
    if (isLast && step.kind === 'item') requireElement(place, step.field, edit.path);
    if (place === undefined) return edit.text;
    if (isLast) {
      const text = applySplices(edit.text, removalOf(tree, place));
      // A map may write a key twice; what is left would come to light.
      return step.kind === 'entry' ? remove({ ...edit, text }, parseTree({ ...edit, text }), steps) : text;
    }
    container = messageAt(place);
  }
  return edit.text;
}

function removalOf(tree: Tree, { field, node }: Place): Splice[] {
  const items = itemsOf(field);
  if (field.value.kind !== 'list' || items.length === 1) return [removeField(tree, field)];
  return removeItem(tree, field.value, items.indexOf(node));
}

function requireElement(place: Place | undefined, field: FieldSchema, path: string): void {
  if (place === undefined) throw pathFailure(path, `there is no such element of ${field.name} to remove`);
}

/** The text without these fields. */
export function without(edit: Edit, tree: Tree, fields: readonly FieldNode[]): Edit {
  const splices = fields.map((field) => removeField(tree, field));
  return { ...edit, text: applySplices(edit.text, splices) };
}

/** The fields that write nothing but these places: they go at once, where elements of a list go one after the other. */
export function fieldsOf(gone: readonly Place[], all: readonly Place[]): FieldNode[] {
  const leaving = new Set(gone);
  const kept = new Set(all.filter((place) => !leaving.has(place)).map((place) => place.field));
  return [...new Set(gone.map((place) => place.field))].filter((field) => !kept.has(field));
}
