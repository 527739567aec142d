import { parseTree, type Tree } from './document.ts';
import { type PlainConfig, readMessage } from './plain.ts';
import { modelConfigSchema } from './schema.ts';

/** A config.pbtxt whose every field is one of ModelConfig's: its text, the tree of spans over it, and what it says. */
export type ConfigDocument = Tree & { readonly config: PlainConfig };

/**
 * Parses a config.pbtxt as Triton's text-format parser would; `file` names it in errors. Throws a usage Failure with
 * `file:line:column` where the text is not the format or not a ModelConfig.
 */
export function parseConfig(text: string, file: string): ConfigDocument {
  const tree = parseTree({ file, text });
  return { ...tree, config: readMessage(tree, tree.root, modelConfigSchema) as PlainConfig };
}

/** The text of a document: byte for byte what it was parsed from, comments and spacing included. */
export function printConfig(document: ConfigDocument): string {
  return document.text;
}

/** What a document says, as `GET /v2/models/M/config` would shape it, without the defaults that the server fills in. */
export function toPlain(document: ConfigDocument): PlainConfig {
  return document.config;
}
