import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { isLong } from '../testing/long.ts';
import { RemotePlace } from './remote-place.test-suite.ts';
import { assertMessage, escapes } from './workplace.fixture.ts';

/** What a server may be asked for, as the beginning of the request line. */
const questions = {
  'what it is': /^GET \/v2$/,
  'its index': /^POST \/v2\/repository\/index$/,
  'the configuration': /^GET \/v2\/models\/[^/]+\/config$/,
  'the metadata': /^GET \/v2\/models\/[^/]+$/,
  'the statistics': /^GET \/v2\/models\/[^/]+\/stats$/,
  'a load': /^POST \/v2\/repository\/models\/[^/]+\/load$/,
  'an unload': /^POST \/v2\/repository\/models\/[^/]+\/unload$/,
  'an inference': /^POST \/v2\/models\/[^/]+\/infer$/,
} as const;

const evil = '\u001b]0;gone\u0007\u202e</script><img onerror=x>`$(touch /tmp/hacked)`\r\n\u2028';
const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
const answers: readonly (readonly [status: number, body: string])[] = [
  [200, ''],
  [200, 'null'],
  [200, '[]'],
  [200, '[null]'],
  [200, '7'],
  [200, '"x"'],
  [200, '{"__proto__":{"name":"x","inputs":[],"model_stats":[]},"constructor":null}'],
  [200, deep],
  [200, `{"x":${deep}}`],
  [200, JSON.stringify({ name: evil, version: evil, versions: [evil], error: evil, platform: evil })],
  [200, '{"name":null,"version":{},"versions":{"length":1e9},"inputs":{"length":5},"outputs":[null]}'],
  [
    200,
    '{"inputs":[{"name":"input","datatype":"FP32","shape":[1e308,-5]}],"outputs":[{"name":"../x","datatype":"__proto__","shape":"x"}]}',
  ],
  [
    200,
    '{"max_batch_size":"many","instance_group":{"count":-1},"dynamic_batching":[[]],"parameters":{"__proto__":{"string_value":7}}}',
  ],
  [200, '{"model_stats":[{"inference_count":"-1","inference_stats":{"success":{"count":"1e999","ns":null}}},null]}'],
  [400, JSON.stringify({ error: evil.repeat(1_000) })],
  [500, `<html>${evil}</html>`],
  [204, ''],
];

describe('a sweep on a remote server that answers with anything', { timeout: 3_600_000 }, () => {
  let place: RemotePlace;
  let served: string;
  before(async () => {
    place = await RemotePlace.begin();
    served = await place.served();
  });
  after(() => place[Symbol.asyncDispose]());

  for (const [index, [what, question]] of Object.entries(questions).entries()) {
    it(`when asked for ${what} ends with a clear message, or takes it for what it is; all can be put back`, async () => {
      await using gateway = await Gateway.before(place.far.httpAddress.port, question);
      const engine = { kind: 'remote', http: `127.0.0.1:${gateway.port}` };
      for (const [number, answer] of answers.entries()) {
        // All with all in a long run, one for each question in a short one. That a model is to go and stays is waited for as long as an unload may take.
        if (what === 'an unload' && answer[0] < 400) continue;
        if (!isLong && number !== (what === 'an unload' ? 14 : 2 * index)) continue;
        const told = `${answer[0]} ${answer[1].slice(0, 60)}`;
        gateway.answer = answer;
        const out = `run-${index}-${number}`;
        const { code, stdout, stderr } = await place.run(['sweep', place.plan({ engine }), '--out', out]);
        gateway.answer = undefined;
        assert([0, 3, 4, 6].includes(code), `${told}: ${code} ${stderr}`);
        assert.doesNotMatch(stdout + stderr, escapes, told);
        assert(stderr.length < 20_000, told);
        if (code === 3 || code === 6) assertMessage(stderr, /^tritune: ./);
        if (place.records().length > 0) {
          const { code: restoredCode, stdout: restored } = await place.run(['restore']);
          // Where it lied about what it had, what it has cannot be that.
          if (what === 'the configuration' && restoredCode === 3) {
            assert.match(restored, /is not what it was/, told);
            assert.equal((await place.run(['restore', '--keep'])).code, 0);
          } else assert.equal(restoredCode, 0, `${told}: ${restored}`);
        }
        assert.deepEqual([await place.served(), place.records()], [served, []], told);
      }
      assert(gateway.answeredCount > 0);
    });
  }
});

/** Answers one kind of question as it is told, and passes on all others. */
class Gateway implements AsyncDisposable {
  answer: readonly [status: number, body: string] | undefined;
  answeredCount = 0;
  readonly #server: Server;

  static async before(to: number, question: RegExp): Promise<Gateway> {
    const gateway = new Gateway(to, question);
    gateway.#server.listen(0, '127.0.0.1');
    await once(gateway.#server, 'listening');
    return gateway;
  }

  private constructor(to: number, question: RegExp) {
    this.#server = createServer((asked, answer) => {
      const isAsked = question.test(`${asked.method} ${asked.url}`);
      if (this.answer === undefined || !isAsked) return passOn(asked, answer, to);
      this.answeredCount += 1;
      const [status, body] = this.answer;
      asked.resume();
      answer.writeHead(status, { 'content-type': 'application/json' }).end(status === 204 ? undefined : body);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function passOn(asked: IncomingMessage, answer: ServerResponse, port: number): void {
  const { method, url: path, headers } = asked;
  const onward = request({ host: '127.0.0.1', port, method, path, headers }, (told) => {
    answer.writeHead(told.statusCode ?? 500, told.headers);
    told.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}
