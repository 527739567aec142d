import type { Candidate } from './candidates.ts';

/**
 * How a setting was seen to be in force: a field of the schema that the server reports back is verified; a key under
 * `parameters` is only stored by Triton, so its effect is known only to the backend.
 */
export type SettingProof = {
  readonly path: string;
  readonly status: 'verified' | 'observed' | 'accepted, effect unknown';
};

/** One proof per setting of a variant whose served config was compared with the asked one already. */
export function proveSettings({ variant }: Candidate): SettingProof[] {
  return Object.keys(variant.settings).map((path) => ({
    path,
    status: /^parameters\b/.test(path) ? 'accepted, effect unknown' : 'verified',
  }));
}
