import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostileResults } from './hostile.fixture.ts';
import { intervalPicture } from './interval-picture.ts';
import { baselineOnly, manyVariants, nothingMeasured, resultsOf } from './report.fixture.ts';

const matches = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

test('each compared variant has a mark, a name and its numbers', () => {
  const picture = intervalPicture(resultsOf('WINNER'));
  assert.equal(matches(picture, /<g class="mark /g), 3);
  assert.match(picture, /<g class="mark better pick"><text class="name"[^>]*>count-2 \(pick\)<\/text>/);
  assert.match(picture, />\+9\.2\u00a0% \(\+6\.1\u00a0% to \+12\.3\u00a0%\)</);
});

test('it has a title, a text alternative, units on its axis and a shaded margin', () => {
  const picture = intervalPicture(resultsOf('WINNER'));
  assert.match(picture, /role="img"[^>]* aria-labelledby="intervals-title intervals-about"/);
  assert.match(picture, /<title id="intervals-title">Gain in throughput over the baseline<\/title>/);
  assert.match(picture, /<desc id="intervals-about">3 variants, .*count-2: \+9\.2\u00a0% /);
  assert.match(picture, /class="axis-title"[^>]*>Gain in throughput over the baseline, %</);
  assert.match(picture, /<rect class="margin"/);
});

test('a dot far outside becomes an arrow', () => {
  const picture = intervalPicture(resultsOf('WINNER'));
  assert.equal(matches(picture, /<circle/g), 2);
  assert.equal(matches(picture, />◂</g), 1);
});

test('of five hundred variants the sixty that can still gain most are drawn', () => {
  const picture = intervalPicture(manyVariants(500));
  assert.equal(matches(picture, /<g class="mark /g), 60);
  assert.match(picture, /60 of 500 variants/);
});

test('there is no picture where nothing was compared', () => {
  assert.equal(intervalPicture(baselineOnly()), '');
  assert.equal(intervalPicture(nothingMeasured()), '');
});

test('names and numbers cannot break out of it', () => {
  const picture = intervalPicture(hostileResults());
  assert.doesNotMatch(picture, /<img|<script|<\/script|<b>/);
  const results = resultsOf('WINNER');
  const huge = { point: 1e300, lower: -1e300, upper: 1e308, confidence: 0.95 };
  const variants = results.variants.map((v) =>
    v.comparison ? { ...v, comparison: { ...v.comparison, gain: huge } } : v,
  );
  assert.doesNotMatch(intervalPicture({ ...results, variants }), /NaN|Infinity|undefined/);
});
