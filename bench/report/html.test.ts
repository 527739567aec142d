import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { requires } from '../testing/requires.ts';
import { hostileResults } from './hostile.fixture.ts';
import { resultsHtml } from './html.ts';
import { checkNumbers, type TableRead } from './read-back.fixture.ts';
import { baselineOnly, manyVariants, nothingMeasured, resultsOf } from './report.fixture.ts';

const matches = (text: string, pattern: RegExp): string[] => Array.from(text.matchAll(pattern), ([whole]) => whole);

function decoded(html: string): string {
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#x27;': "'", '&#x60;': '`' };
  return html
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:lt|gt|quot|#x27|#x60);/g, (entity) => entities[entity] ?? entity)
    .replaceAll('&#x3D;', '=')
    .replaceAll('&amp;', '&');
}

function tablesIn(html: string): TableRead[] {
  return Array.from(html.matchAll(/aria-label="([^"]*)" tabindex="0">\s*<table>(.*?)<\/table>/gs), (match) => {
    const [, title = '', table = ''] = match;
    const [head = [], ...rows] = matches(table, /<tr>.*?<\/tr>/gs).map((row) =>
      matches(row, /<t[hd][ >].*?<\/t[hd]>/gs).map((cell) =>
        decoded(cell.replace(/<span class="detail">(.*?)<\/span>/s, '($1)')).trim(),
      ),
    );
    return { title, head, rows };
  });
}

test('every number in the tables is that of results.json', () => {
  for (const results of [resultsOf('WINNER'), resultsOf('INVALID'), manyVariants(40)]) {
    checkNumbers(results, tablesIn(resultsHtml(results)));
  }
});

test('the verdict in words comes before everything else', () => {
  const html = resultsHtml(resultsOf('WINNER'));
  assert.match(html, /<h1>Deploy count-2: the best among those measured/);
  assert.ok(html.indexOf('<h1>') < html.indexOf('<svg') && html.indexOf('<svg') < html.indexOf('<table>'));
});

test('the page allows itself nothing but its own style', () => {
  const html = resultsHtml(resultsOf('WINNER'));
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(html) ?? [];
  const hash = createHash('sha256').update(style).digest('base64').replaceAll('=', '&#x3D;');
  assert.ok(html.includes(`style-src &#x27;sha256-${hash}&#x27;`));
  assert.ok(html.includes('default-src &#x27;none&#x27;'));
  assert.doesNotMatch(html, /<script| style=| on[a-z]+=|https?:\/\/|url\(|@import/);
});

test('tables have captions and scopes, landmarks and headings name the parts', () => {
  const html = resultsHtml(resultsOf('WINNER'));
  const tables = matches(html, /<table>.*?<\/table>/gs);
  assert.equal(tables.length, 6);
  for (const table of tables) {
    assert.match(table, /<caption>/);
    assert.equal(matches(table, /<th(?! scope=)[ >]/g).length, 0);
  }
  assert.match(html, /<html lang="en">/);
  for (const landmark of ['header', 'main', 'footer'])
    assert.equal(matches(html, new RegExp(`<${landmark}[ >]`, 'g')).length, 1);
  const ids = Array.from(html.matchAll(/ id="([^"]*)"/g), ([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test('the pick is compared with the baseline line by line', () => {
  const html = resultsHtml(resultsOf('WINNER'));
  assert.match(html, /<span class="removed">- {3}\{ count: 1 kind: KIND_CPU \}\n<\/span>/);
  assert.match(html, /<span class="added">\+ {3}\{ count: 2 kind: KIND_CPU \}\n<\/span>/);
  assert.doesNotMatch(resultsHtml(resultsOf('NO_IMPROVEMENT')), /class="diff"/);
});

test('host, engine, plan file, seed, commit, model and command are all there', () => {
  const html = resultsHtml(resultsOf('WINNER'));
  for (const fact of [
    'Xeon Gold 6430',
    '5a2f0c6d1e3b',
    '9e107d9d372b',
    'npx tritune sweep',
    'tritune 0.1.0',
    '2.51.0',
  ]) {
    assert.ok(html.includes(fact), fact);
  }
  assert.match(html, /<dt>host\.cpu\.coreCount<\/dt><dd>32<\/dd>/);
  assert.match(html, /<dt>Seed<\/dt><dd>1<\/dd>/);
});

test('hostile names stay text', () => {
  const html = resultsHtml(hostileResults());
  const known =
    /^<\/?(?:!doctype|html|head|meta|link|title|style|body|header|p|span|h1|h2|main|section|figure|figcaption|svg|desc|rect|line|text|g|circle|div|table|caption|thead|tbody|tr|th|td|code|wbr|pre|dl|dt|dd|footer|a)[ >]/;
  for (const tag of matches(html, /<[^>]*>/g)) assert.match(tag, known);
  const attributes = matches(html, /<[^>]*>/g).map((tag) => tag.replace(/="[^"]*"/g, ''));
  for (const tag of attributes) assert.doesNotMatch(tag, / (?:on\w+|autofocus|src)\b/);
  assert.equal(matches(html, /<title[ >]/g).length, 2);
  assert.doesNotMatch(html, /[\u2028\u2029\u202a-\u202e\u2066-\u2069]|(?!\n)\p{Cc}/u);
  assert.ok(html.includes('7*7}{{7*7}}{{{constructor}}}'));
});

test('five hundred variants stay a page of moderate size', () => {
  assert.ok(Buffer.byteLength(resultsHtml(manyVariants(500))) < 1_500_000);
});

test('without variants, or with the baseline alone, the page still opens with the verdict', () => {
  for (const results of [baselineOnly(), nothingMeasured()]) {
    const html = resultsHtml(results);
    assert.match(html, /<h1>[^<]+<\/h1>/);
    assert.doesNotMatch(html, /<svg|NaN|undefined|null|\[object/);
  }
});

test(
  'in a browser nothing runs, nothing is asked for, and nothing is complained about',
  requires('chromium'),
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tritune-page-'));
    try {
      for (const [name, results] of Object.entries({ hostile: hostileResults(), many: manyVariants(500) })) {
        const path = join(folder, `${name}.html`);
        await writeFile(path, resultsHtml(results));
        const { stdout, stderr } = await browse(pathToFileURL(path).href, folder);
        assert.match(stdout, /<\/footer>/);
        assert.doesNotMatch(stdout, /<(?:img|script|iframe|b)[ >]/);
        assert.doesNotMatch(stderr, /CONSOLE|Content Security Policy|ERR_/);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

/** The document as the browser built it, and its console on stderr; no network but loopback resolves. */
function browse(url: string, folder: string): Promise<{ stdout: string; stderr: string }> {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--enable-logging=stderr'];
  const isolation = [`--user-data-dir=${join(folder, 'profile')}`, '--host-resolver-rules=MAP * ~NOTFOUND'];
  return execa('chromium', [...flags, ...isolation, '--dump-dom', url], { timeout: 60_000, maxBuffer: 50_000_000 });
}
