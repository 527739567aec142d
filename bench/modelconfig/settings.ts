/**
 * One value a setting asks for: a scalar, a list (replaces the whole repeated field), an object (replaces the whole message or map),
 * or `null`, which removes what the path names.
 */
export type SettingValue =
  | null
  | boolean
  | number
  | string
  | readonly SettingValue[]
  | { readonly [key: string]: SettingValue };

/** Dotted path into a model configuration -> the value asked for, applied in the order of the keys. */
export type Settings = Readonly<Record<string, SettingValue>>;
