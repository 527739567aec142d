import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Answer, AnswerReader } from './answer.ts';
import { MalformedAnswer } from './answer-head.ts';
import { answers, head, pushInPieces } from './answer-samples.test-suite.ts';

describe('an answer', () => {
  for (const { what, text, body, keepAlive = true } of answers) {
    const bytes = Buffer.from(text, 'latin1');
    it(`${what} is complete with its last byte, wherever it is cut`, () => {
      for (let cut = 0; cut < bytes.byteLength; cut += 1) {
        const reader = new AnswerReader();
        assert.equal(cut === 0 ? undefined : reader.push(bytes.subarray(0, cut)), undefined, `cut at ${cut}`);
        checkAnswer(reader.push(bytes.subarray(cut)), body, keepAlive);
      }
    });

    it(`${what} may come byte by byte`, () => {
      const reader = new AnswerReader();
      const outcomes = [...bytes].map((byte) => reader.push(Uint8Array.of(byte)));
      assert(outcomes.slice(0, -1).every((outcome) => outcome === undefined));
      checkAnswer(outcomes.at(-1), body, keepAlive);
    });

    it(`${what} must not be followed by anything`, () => {
      assert.throws(() => new AnswerReader().push(Buffer.concat([bytes, Buffer.from('H')])), MalformedAnswer);
    });

    it(`${what} is nothing yet when the connection ends before its last byte`, () => {
      const reader = new AnswerReader();
      reader.push(bytes.subarray(0, -1));
      assert.equal(reader.end(), undefined);
    });
  }

  it('without a length ends with the connection', () => {
    const reader = new AnswerReader();
    assert.equal(reader.push(Buffer.from(`${head}\r\nhel`)), undefined);
    assert.equal(reader.push(Buffer.from('lo')), undefined);
    checkAnswer(reader.end(), 'hello', false);
  });

  it('is nothing where the connection ends before anything came in', () => {
    assert.equal(new AnswerReader().end(), undefined);
  });

  it('gives its headers in lower case, hostile names included', () => {
    const answer = new AnswerReader().push(Buffer.from(`${head}__proto__: x\r\nContent-Length: 0\r\n\r\n`));
    assert.equal(answer?.headers.get('content-type'), 'application/octet-stream');
    assert.equal(answer?.headers.get('__proto__'), 'x');
  });

  it('keeps its body while the piece it came in is used again', () => {
    const piece = Buffer.from(`${head}Content-Length: 5\r\n\r\nhello`);
    const answer = new AnswerReader().push(piece);
    piece.fill(0);
    checkAnswer(answer, 'hello', true);
  });
});

describe('bytes are no answer', () => {
  const malformed: [string, string][] = [
    ['that are another protocol', '\x16\x03\x01'],
    ['that end their lines otherwise', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['with a line that ends otherwise', 'HTTP/1.1 200 OK\r\nContent-Length: 0\nA: b\r\n\r\n'],
    ['of another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['with a status that there is not', 'HTTP/1.1 999 No\r\n\r\n'],
    ['that switch protocols', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ['with a header that has no name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['with a length that is no number', `${head}Content-Length: 0x5\r\n\r\n`],
    ['with a negative length', `${head}Content-Length: -5\r\n\r\n`],
    ['with two lengths', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ['with a length beyond all measure', `${head}Content-Length: 999999999999\r\n\r\n`],
    ['in another coding', `${head}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ['with a chunk size that is no number', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['with a chunk size beyond all measure', `${head}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n`],
    ['with a chunk longer than it says', `${head}Transfer-Encoding: chunked\r\n\r\n1\r\nabc`],
    ['with a head that has no end', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(70_000)}`],
    ['with interim answers that have no end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(4_000)],
    ['with a chunk line that has no end', `${head}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(5_000)}`],
    ['with trailers that have no end', `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(20_000)}`],
  ];
  for (const [what, text] of malformed) {
    it(what, () => assert.throws(() => new AnswerReader().push(Buffer.from(text, 'latin1')), MalformedAnswer));
  }
});

describe('large answers', () => {
  it('take time in proportion to their size, in one-byte chunks too', () => {
    const chunkCount = 300_000;
    const bytes = Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(chunkCount)}0\r\n\r\n`);
    checkAnswer(pushInPieces(bytes, 1_000), 'x'.repeat(chunkCount), true);
  });

  it('of 64 MiB come together from 64 KiB pieces', () => {
    const body = Buffer.alloc(64 * 1024 * 1024, 'tritune');
    const bytes = Buffer.concat([Buffer.from(`${head}Content-Length: ${body.byteLength}\r\n\r\n`), body]);
    assert.equal(Buffer.compare(pushInPieces(bytes, 64 * 1024)?.body ?? Buffer.alloc(0), body), 0);
  });
});

function checkAnswer(answer: Answer | undefined, body: string, keepAlive: boolean): void {
  assert.equal(Buffer.from(answer?.body ?? []).toString('latin1'), body);
  assert.equal(answer?.keepAlive, keepAlive);
}
