import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SearchResult } from '../load/levels/search.ts';
import { describeSearch } from './load-text.ts';

function search(changes: Partial<SearchResult>): string {
  return describeSearch({ highest: 8, beyond: null, complete: true, levels: [], measurementCount: 6, ...changes });
}

describe('what is said of a search', () => {
  it('names the level it found and the one above it', () => {
    assert.equal(
      search({ beyond: 9 }),
      'the highest level that meets the threshold: 8; 9 was not shown to meet it (6 measurements)\n',
    );
    assert.match(search({}), /threshold: 8; there is none above it in the range \(6 measurements\)\n$/);
  });

  it('says nothing of levels that were not decided where it was not brought to its end', () => {
    assert.match(search({ complete: false }), /8; levels above it were not decided \(6 .*\); the search ended before/);
    assert.match(search({ highest: null, complete: false }), /^no level was shown .*; no level was decided \(6 /);
  });
});
