import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { summaryMarkdown } from './markdown.ts';
import { placementSentence } from './placement-sentence.ts';
import { resultsOf } from './report.fixture.ts';
import { placementReasons, type Results } from './results.ts';
import { terminalSummary } from './terminal.ts';

type Placement = Results['run']['placement'];

function placed(changes: Partial<Placement>): Results {
  const results = resultsOf('WINNER');
  return { ...results, run: { ...results.run, placement: { ...results.run.placement, ...changes } } };
}

const told = (changes: Partial<Placement>): string => placementSentence(placed(changes)).replaceAll('\u00a0', ' ');

describe('for which CPUs a verdict holds', () => {
  it('is told with the CPUs of both, and what is not known of them', () => {
    assert.equal(
      told({ server: '0-7', memoryNodes: '0' }),
      'The server had 14 cores (CPUs 0-7), its memory on node 0, the client 2 cores of its own (CPUs 14-15): the verdict holds for this set of CPUs.',
    );
    assert.match(told({ siblingsKnown: false }), /CPUs; which of these CPUs share a core is not known on this host\.$/);
    assert.match(told({ splitCores: true }), /CPUs; some of these cores are shared with others\.$/);
  });

  it('is told with the reason where they share them', () => {
    assert.equal(
      told({ divided: false, because: 'few-cores', server: '0-1', client: '0-1', serverCoreCount: 2 }),
      'Server and client shared 2 cores (CPUs 0-1), which are too few to divide: the verdict holds for this set of CPUs, with a client beside the server.',
    );
    for (const because of placementReasons) assert.doesNotMatch(told({ divided: false, because }), /undefined|null/);
    assert.match(told({ divided: false, because: 'elsewhere' }), /not known here/);
  });

  it('stands in the terminal and in Markdown, safe to print', () => {
    const results = placed({ server: '0-13\u001b[31m<b>' });
    for (const text of [terminalSummary(results, { color: false, width: 300 }), summaryMarkdown(results)]) {
      assert.match(text, /The server had 14.cores/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
      assert.doesNotMatch(text, /\u001b/);
    }
  });
});
