import type { Results } from '../report/results.ts';

/** One doubt about one variant, or about the run; `what` is the same for all findings of a kind, `value` tells how much. */
export type Finding = {
  readonly kind: string;
  readonly variantId: string | null;
  readonly what: string;
  readonly value: string;
  readonly advice: string;
};

const namesMost = 8;

/** One diagnostic for each kind, which names all variants that it was found of: a long list hides what matters. */
export function mergeFindings(findings: readonly Finding[]): Results['diagnostics'] {
  return [...Map.groupBy(findings, ({ kind }) => kind)].map(([kind, own]) => {
    const [first] = own;
    const variantIds = [...new Set(own.flatMap(({ variantId }) => variantId ?? []))];
    return { kind, variantIds, message: messageOf(own, variantIds.length), advice: first?.advice ?? '' };
  });
}

function messageOf(findings: readonly Finding[], variantCount: number): string {
  const shown = findings.slice(0, namesMost);
  const values = shown.map(({ variantId, value }) =>
    variantId === null || variantCount === 1 ? value : `${variantId} ${value}`,
  );
  const rest = findings.length - shown.length;
  const all = [...values, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  const what = findings[0]?.what ?? '';
  return all === '' ? what : `${what}: ${all}`;
}
