import { resultsOf } from './report.fixture.ts';
import type { Results } from './results.ts';
import { around, emptyVariant, measuredVariant } from './variant.fixture.ts';

/** Texts made to run, to break out of a table, or to fool a reader. */
export const hostileTexts = [
  '</script><img src=x onerror=alert(1)>',
  '" autofocus onfocus="alert(1)',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template engine might run
  '${7*7}{{7*7}}{{{constructor}}}',
  'line\u2028separator\u2029paragraph',
  'right\u202eto\u2066left\u200fmarks',
  '\u001b[31mred\u001b]0;title\u0007 \u009b2J',
  'a|b\\|c`d``e|',
  "=cmd|' /C calc'!A0",
  '+1+cmd()',
  '\t=1+1',
  'first\r\nsecond,"third"',
  '[link](javascript:alert(1)) **bold** <b> https://example.com www.example.com @someone #1',
  '-->]]></style></title>',
  '__proto__',
] as const;

/** The winner's results with a hostile text in every free text. */
export function hostileResults(): Results {
  const results = resultsOf('WINNER');
  const [first] = hostileTexts;
  const all = hostileTexts.join(' ');
  const variants = hostileTexts.map((id) =>
    measuredVariant({
      id,
      settings: { [id]: id, nested: { [first]: [id] } },
      comparison: { gain: around(0.0312, 0.0112), pHolm: 0.5, better: false, inBestSet: true },
      errors: { [id]: 3 },
      proof: [
        { path: id, status: 'verified' },
        { path: 'other', status: 'observed' },
      ],
    }),
  );
  const refused = hostileTexts.map((id) => emptyVariant({ id: `refused ${id}`, status: 'refused', reason: id }));
  return {
    ...results,
    plan: { ...results.plan, name: all, model: all, source: hostileTexts.join('\n'), file: all, constraints: [all] },
    engine: { ...results.engine, version: all, backend: all, command: [...hostileTexts] },
    run: { ...results.run, command: all, startedAt: first },
    verdict: {
      ...results.verdict,
      kind: 'TIED_SET',
      reason: all,
      pick: first,
      tied: [...hostileTexts],
      undecided: [...hostileTexts],
    },
    variants: [...results.variants, ...variants, ...refused],
    diagnostics: hostileTexts.map((text) => ({ kind: text, variantIds: [text], message: text, advice: text })),
    environment: { [first]: { [all]: [all] }, list: [...hostileTexts] },
    config: { baseline: all, pick: hostileTexts.join('\n') },
  };
}
