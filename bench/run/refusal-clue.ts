import { isComplete } from '../modelconfig/compare.ts';
import type { PlainConfig, PlainTensor } from '../modelconfig/plain.ts';

/**
 * What a look at a configuration finds where the server says no more than that it could not poll its repository, and its log is out
 * of sight. The schema has read it before, so that unknown fields and values of a wrong type are not among it.
 */
export function refusalClue(config: PlainConfig, model: string): string {
  const found = clues.flatMap(({ holds, says }) => (holds(config, model) ? [says] : []));
  const own = found.length === 0 ? 'nothing in the configuration itself explains it' : found.join('; ');
  return `${own}; the server's own log has the reason`;
}

type Clue = { readonly holds: (config: PlainConfig, model: string) => boolean; readonly says: string };

/** Each makes Triton 2.51 say just that. */
const clues: readonly Clue[] = [
  {
    holds: (config) => !isComplete(config),
    says: 'it leaves out its backend, or the name, type or dims of an input or output, which the server may not fill in',
  },
  {
    holds: ({ max_batch_size: most = 0, dynamic_batching: batching }) => most === 0 && batching !== undefined,
    says: 'it has dynamic_batching with a max_batch_size of 0',
  },
  {
    holds: ({ dynamic_batching: { priority_levels: levels = 0, default_priority_level: level = 0 } = {} }) =>
      Number(levels) > 0 && (Number(level) < 1 || Number(level) > Number(levels)),
    says: 'its default_priority_level is none of its priority_levels',
  },
  {
    holds: ({ dynamic_batching: batching, sequence_batching: sequences }) =>
      batching !== undefined && sequences !== undefined,
    says: 'it has both dynamic_batching and sequence_batching',
  },
  {
    holds: ({ input = [], output = [] }) => [...input, ...output].some(hasNoSize),
    says: 'a dimension of an input or output is 0, or below -1',
  },
  { holds: ({ name = '' }, model) => name !== '' && name !== model, says: 'its name is not that of the model' },
];

function hasNoSize({ dims = [] }: PlainTensor): boolean {
  return dims.some((size) => Number(size) === 0 || Number(size) < -1);
}
