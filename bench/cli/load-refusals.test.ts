import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { load, loadJson, Scratch, shortly } from './load.fixture.ts';

const usage: [what: string, args: readonly string[], message: RegExp][] = [
  ['no model', [], /required option '-m, --model-name <name>'/],
  ['an empty model', ['-m', ''], /is empty/],
  ['a model that is a folder of its path', ['-m', '..'], /\.\. is no name of a model/],
  ['an unknown option', ['-m', 'a', '--concurency-range', '1'], /unknown option '--concurency-range'/],
  ['words of no option', ['-m', 'a', 'b', 'c'], /words that belong to no option: 2/],
  ['a range that is none', ['-m', 'a', '--concurrency-range', '8:1'], /it ends at 1, below its start/],
  ['half a request', ['-m', 'a', '--concurrency-range', '1.5'], /1.5 is not a whole number/],
  [
    'a billion at once',
    ['-m', 'a', '--concurrency-range', '1000000000'],
    /more than 16384.*\n {2}ask for 16384 at most/,
  ],
  [
    'a limit of a million in flight',
    ['-m', 'a', '--request-rate-range', '1', '--max-in-flight', '1000000'],
    /1000000 requests outstanding are more than 16384.*\n {2}ask for 16384 at most/,
  ],
  [
    'more a second than any client sends',
    ['-m', 'a', '--request-rate-range', '1:100000000:50000000'],
    /more than 10000000, .*\n {2}ask for 10000000 at most/,
  ],
  [
    'too many levels',
    ['-m', 'a', '--concurrency-range', '1:1000000'],
    /1000000 levels are more than 1000\n {2}.*larger step/,
  ],
  ['a batch of a hundred million', ['-m', 'a', '-b', '100000000'], /--batch-size.*from 1 to 1000000/],
  ['a thousand threads', ['-m', 'a', '--threads', '1000'], /from 1 to 256/],
  [
    'two threads for each of too many',
    ['-m', 'a', '--request-rate-range', '100', '--threads', '129'],
    /129 threads of a rate would be 258, .*\n {2}write --threads auto, or 128 at most/,
  ],
  ['two kinds of load', ['-m', 'a', '--concurrency-range', '1', '--ramp', '1:2:1s'], /exclude one another/],
  ['a distribution without a rate', ['-m', 'a', '--request-distribution', 'poisson'], /is about a rate/],
  ['a limit in flight without a rate', ['-m', 'a', '--max-in-flight', '4'], /follow a rate/],
  ['a ramp without a time', ['-m', 'a', '--ramp', '1:2'], /cannot be read/],
  ['a ramp of nothing', ['-m', 'a', '--ramp', '0:0:1s'], /cannot be read/],
  ['a ramp without an end', ['-m', 'a', '--ramp', '1:2:99999h'], /longer than a day/],
  ['a ramp with a window', ['-m', 'a', '--ramp', '1:2:1s', '-p', '5'], /says itself how long/],
  [
    'a search for nothing',
    ['-m', 'a', '--concurrency-range', '1:8', '--binary-search'],
    /needs something to search for/,
  ],
  ['a search in one level', ['-m', 'a', '--binary-search', '-l', '5'], /needs a range/],
  ['a percentile of 100', ['-m', 'a', '--percentile', '100'], /such as 99/],
  ['a time of zero', ['-m', 'a', '-p', '0'], /write a time/],
  ['a batch of none', ['-m', 'a', '-b', '0'], /whole number from 1/],
  ['a shared connection of HTTP', ['-m', 'a', '--connections', 'shared'], /carries one request at a time/],
  ['compression of HTTP', ['-m', 'a', '--grpc-compression-algorithm', 'gzip'], /is about gRPC/],
  ['a transport of another protocol', ['-m', 'a', '-i', 'grpc', '--transport', 'http'], /does not speak grpc/],
  ['a scheme and a protocol', ['-m', 'a', '-u', 'http://127.0.0.1:1', '-i', 'grpc'], /--protocol says grpc/],
  ['TLS without TLS', ['-m', 'a', '--ssl-https-ca-certificates-file', '/x'], /without TLS/],
  [
    'TLS of another protocol',
    ['-m', 'a', '-u', 'https://127.0.0.1:1', '--ssl-grpc-private-key-file', '/x'],
    /another protocol/,
  ],
  [
    'a key that is missing',
    ['-m', 'a', '-u', 'https://127.0.0.1:1', '--ssl-https-private-key-file', '/no/key'],
    /ENOENT/,
  ],
  ['intervals that are missing', ['-m', 'a', '--request-intervals', '/no/such'], /there is no \/no\/such/],
  ['a scheme and another protocol in capitals', ['-m', 'a', '-u', 'http://127.0.0.1:1', '-i', 'gRPC'], /says grpc/],
  ['a protocol that is none', ['-m', 'a', '-i', 'gRPCs'], /Allowed choices are http, grpc/],
  ['a report in no folder', ['-m', 'a', '-f', '/no/such/a.csv'], /there is no folder/],
  [
    'a report with a name that is too long',
    ['-m', 'a', '-f', `/tmp/${'x'.repeat(300)}`],
    /cannot be written: ENAMETOOLONG/,
  ],
  [
    'two reports in one file',
    ['-m', 'a', '-f', '/tmp/a.csv', '--hlog', '/tmp/./a.csv'],
    /two results would go to \/tmp\/a/,
  ],
  [
    'a report where the table of a level goes',
    ['-m', 'a', '-f', '/tmp/a-2', '--hgrm', '/tmp/a', '--concurrency-range', '1:2'],
    /two results would go to \/tmp\/a-2/,
  ],
  [
    'a report in place of what is sent',
    ['-m', 'a', '-f', 'package.json', '--input-data', './package.json'],
    /package\.json is read by this load, and a result would replace it/,
  ],
  ['another host', ['-m', 'a', '-u', '192.0.2.1:8000'], /192\.0\.2\.1 is another host/],
  [
    'another host behind a proxy',
    ['-m', 'a', '-u', 'triton.test', '--proxy', 'http://127.0.0.1:1'],
    /triton\.test is another host/,
  ],
  ['a header without a name', ['-m', 'a', '-H', 'no colon'], /header 1 of the command line has no name/],
];

describe('tritune load refuses with exit 2', () => {
  for (const [what, args, message] of usage) {
    it(what, async () => {
      const { code, stdout, stderr } = await load(args);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.match(stderr, /^tritune: .*\n {2}\S/);
    });
  }

  it('what does not fit the model, and headers that cannot be sent', async () => {
    await using server = await startScriptedServer({ steps: [] });
    using scratch = new Scratch();
    const loop = scratch.path('loop');
    symlinkSync(loop, loop);
    const at = ['-m', 'scripted', '-u', server.url];
    const cases: [readonly string[], RegExp][] = [
      [['-b', '9'], /takes batches of at most 8, not 9/],
      [['--input-data', '/no/rows.csv'], /there is no \/no\/rows.csv/],
      [['--input-data', `/tmp/${'x'.repeat(300)}`], /\/x+ cannot be read/],
      [['--expected', loop], /loop cannot be read/],
      [['--shape', '__proto__:4'], /has no input __proto__/],
      [['-H', 'content-length: 5'], /set by the request itself/],
      [['-H', 'x: a\u0007b'], /forbids/],
      [['-H', 'na me: 1'], /no name of a header/],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await load([...at, ...args]);
      assert.equal(code, 2, `${args}: ${stderr}`);
      assert.match(stderr, message);
    }
    const { requestCount } = await server.record();
    assert.equal(requestCount, 0);
  });
});

describe('tritune load exits with 3', () => {
  it('where nothing listens', async () => {
    const server = await startScriptedServer({ steps: [] });
    await server.stop();
    const { code, stderr } = await load(['-m', 'scripted', '-u', `localhost:${server.address.port}`]);
    assert.equal(code, 3);
    assert.match(stderr, /nothing answers on localhost:\d+ \(ECONNREFUSED\)\n {2}start the server first/);
  });

  it('for a model or a version that is not there, and names those that are', async () => {
    await using server = await startScriptedServer({ steps: [] });
    for (const args of [
      ['-m', 'scriptd'],
      ['-m', '/../\u001b[31m'],
      ['-m', 'scripted', '-x', '7'],
    ]) {
      const { code, stderr } = await load([...args, '-u', server.url]);
      assert.equal(code, 3, stderr);
      assert.match(stderr, /the server does not serve .*\n {2}it has scripted\n/);
      assert.equal(stderr.includes('\u001b'), false);
    }
  });

  it('where something else answers', async () => {
    const page = { status: 200, body: '<html>hello</html>' };
    await using server = await startScriptedServer({ steps: [], control: { '/v2/models/scripted': page } });
    const html = await load(['-m', 'scripted', '-u', server.url]);
    assert.equal(html.code, 3);
    assert.match(html.stderr, /did not answer JSON/);
    const grpc = await load([
      '-m',
      'scripted',
      '-u',
      server.url.replace('http:', 'grpc:'),
      '--request-timeout',
      '500ms',
    ]);
    assert.equal(grpc.code, 3, grpc.stderr);
    assert.match(grpc.stderr, /ModelMetadata got no answer/);
  });

  it('where the model has metadata that is none', async () => {
    for (const body of ['null', '[]', '{"inputs":[{"name":"__proto__"}]}', '{"inputs":{"length":5}}']) {
      await using server = await startScriptedServer({
        steps: [],
        control: { '/v2/models/scripted': { status: 200, body } },
      });
      const { code, stderr } = await load(['-m', 'scripted', '-u', server.url]);
      assert(code === 2 || code === 3, `${body}: ${code} ${stderr}`);
    }
  });
});

describe('a secret', () => {
  const canary = 'canary-0f9e8d7c';

  it('in a header, its file or the environment is in no output, though the server sends it back and fails', async () => {
    using scratch = new Scratch();
    const echo = { status: 200, body: JSON.stringify({ name: `server ${canary}`, version: canary }) };
    const steps = [{ holdMs: 5, answer: { kind: 'status', status: 500, reason: canary } }] as const;
    await using server = await startScriptedServer({ steps, control: { '/v2': echo } }, { thread: true });
    writeFileSync(scratch.path('headers'), `# of the tests\nx-key: ${canary}\n`);
    const ways: [readonly string[], Record<string, string>][] = [
      [['-H', `Authorization: Bearer ${canary}`], {}],
      [['--header-file', scratch.path('headers')], {}],
      [[], { TRITUNE_HEADERS: `x-key: ${canary}` }],
    ];
    for (const [args, env] of ways) {
      for (const form of [[], ['--json']]) {
        const files = ['-f', scratch.path('a.csv'), '--hgrm', scratch.path('a.hgrm'), '--hlog', scratch.path('a.hlog')];
        const all = ['-m', 'scripted', '-u', server.url, '-v', ...shortly, ...args, ...form, ...files];
        const { code, stdout, stderr } = await load(all, { env });
        assert.equal(code, 4, stderr);
        assert.match(stderr, /headers: (Authorization|x-key)/);
        const written = ['a.csv', 'a.hgrm', 'a.hlog'].map((name) => scratch.read(name));
        for (const text of [stdout, stderr, ...written]) assert.equal(text.includes(canary), false, text);
      }
    }
  });

  it('with a quote or a backslash is in no JSON either', async () => {
    for (const secret of ['canary"0f9e8d7c', 'canary\\\\0f9e8d7c']) {
      const echo = { status: 200, body: JSON.stringify({ name: `a ${secret}`, version: secret }) };
      await using server = await startScriptedServer({ steps: [{ holdMs: 5 }], control: { '/v2': echo } });
      const { document } = await loadJson(['-m', 'scripted', '-u', server.url, '-H', `x-key: ${secret}`]);
      assert.deepEqual(document.subject.server, { name: 'a ***', version: '***' });
    }
  });

  it('leaves alone what the output says of itself in the same words', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] });
    const headers = ['-H', 'x-timeout-ns: 5000000', '-H', 'X-Mode: levels', '-H', 'x-what: scripted'];
    const { document } = await loadJson(['-m', 'scripted', '-u', server.url, '-l', '5', ...headers]);
    const { thresholdNs, subject, levels } = document;
    assert.deepEqual([thresholdNs, subject.model, subject.server.name], [5_000_000, 'scripted', '***']);
    assert.equal(levels.length, 1);
  });

  it('in a header that cannot be read, in an address or in a proxy is in no message', async () => {
    using scratch = new Scratch();
    writeFileSync(scratch.path('headers'), `${canary}\n`);
    const echo = { status: 404, body: JSON.stringify({ error: `who is ${canary}?` }) };
    await using server = await startScriptedServer({ steps: [], control: { '/v2/models/scripted': echo } });
    const { port } = server.address;
    const cases: readonly string[][] = [
      ['-u', `http://user:${canary}@127.0.0.1:${port}`],
      ['-u', `http://127.0.0.1:${port}/?key=${canary}`],
      ['-u', `ftp://${canary}`],
      ['-u', server.url, '-H', canary],
      ['-u', server.url, '-H', 'Authorization:', 'Bearer', canary],
      ['-u', server.url, '--header-file', scratch.path('headers')],
      ['-u', server.url, '-H', `x-key: ${canary}\u0000`],
      ['-u', server.url, '-H', `x-key: ${canary}`],
      ['-u', server.url, '--proxy', `ftp://u:${canary}@127.0.0.1:1`],
      ['-u', server.url, '--proxy', `http://u:${canary}@127.0.0.1:1`],
      ['-u', server.url, '--proxy', `http://u:${canary}@127.0.0.1:${port}/x`],
    ];
    for (const args of cases) {
      const { code, stdout, stderr } = await load(['-m', 'scripted', '-v', ...args]);
      assert(code === 2 || code === 3, stderr);
      assert.notEqual(stderr, '');
      assert.equal((stdout + stderr).includes(canary), false, stderr);
    }
  });
});
