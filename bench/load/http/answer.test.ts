import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../random.ts';
import { type Answer, AnswerReader } from './answer.ts';
import { MalformedAnswer } from './answer-head.ts';

const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n';
const answers: readonly { what: string; text: string; body: string; keepAlive?: boolean }[] = [
  { what: 'with a length', text: `${head}Content-Length: 5\r\n\r\nhello`, body: 'hello' },
  { what: 'with an empty body', text: `${head}Content-Length: 0\r\n\r\n`, body: '' },
  { what: 'without a reason', text: 'HTTP/1.1 200\r\ncontent-length:2\r\n\r\nok', body: 'ok' },
  {
    what: 'in chunks',
    text: `${head}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`,
    body: 'hello',
  },
  {
    what: 'in chunks with extensions and trailers',
    text: `${head}Transfer-Encoding: Chunked\r\n\r\n1;a=b\r\n\r\r\n0A \r\n\n\n\r\n0\r\n\r\n1\r\n0;z\r\nA: b\r\nC: d\r\n\r\n`,
    body: '\r\n\n\r\n0\r\n\r\n1',
  },
  {
    what: 'after two interim answers',
    text: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n${head}Content-Length: 2\r\n\r\nok`,
    body: 'ok',
  },
  { what: 'of a status without a body', text: 'HTTP/1.1 204 No Content\r\n\r\n', body: '' },
  {
    what: 'that closes',
    text: `${head}Connection: close\r\nContent-Length: 2\r\n\r\nok`,
    body: 'ok',
    keepAlive: false,
  },
  {
    what: 'that closes among other words',
    text: `${head}Connection: Upgrade , CLOSE\r\nContent-Length: 1\r\n\r\n!`,
    body: '!',
    keepAlive: false,
  },
  { what: 'of HTTP/1.0', text: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n!', body: '!', keepAlive: false },
  {
    what: 'of HTTP/1.0 that keeps the connection',
    text: 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\n!',
    body: '!',
  },
  { what: 'with the same length twice', text: `${head}Content-Length: 1\r\ncontent-length: 1\r\n\r\n!`, body: '!' },
];

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

describe('mutated answers', () => {
  const caseCount = process.env.TRITUNE_LONG === '1' ? 100_000 : 3_000;
  it(`are read, incomplete or malformed, and nothing else (${caseCount} cases)`, () => {
    const random = seededRandom(20_261_123);
    const outcomes = { read: 0, incomplete: 0, malformed: 0 };
    for (let index = 0; index < caseCount; index += 1) {
      const { text } = answers[random.integer(answers.length)] ?? { text: '' };
      const bytes = mutate(Buffer.from(text, 'latin1'), random.integer);
      try {
        outcomes[pushInPieces(bytes, 1 + random.integer(40)) === undefined ? 'incomplete' : 'read'] += 1;
      } catch (error) {
        if (!(error instanceof MalformedAnswer))
          throw new Error(`case ${index}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause: error });
        outcomes.malformed += 1;
      }
    }
    assert(Math.min(outcomes.read, outcomes.incomplete, outcomes.malformed) > caseCount / 20, JSON.stringify(outcomes));
  });
});

function checkAnswer(answer: Answer | undefined, body: string, keepAlive: boolean): void {
  assert.equal(Buffer.from(answer?.body ?? []).toString('latin1'), body);
  assert.equal(answer?.keepAlive, keepAlive);
}

/** Pieces of that size, then the end of the connection. */
function pushInPieces(bytes: Buffer, pieceBytes: number): Answer | undefined {
  const reader = new AnswerReader();
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    const answer = reader.push(bytes.subarray(at, at + pieceBytes));
    if (answer !== undefined) return answer;
  }
  return reader.end();
}

const hostilePieces = [
  '\r\n',
  '\r\n\r\n',
  '0',
  'ffffffff',
  '-1',
  ':',
  'HTTP/1.1 100 x\r\n\r\n',
  'Content-Length: 9\r\n',
  '\0',
];

function mutate(bytes: Buffer, integer: (n: number) => number): Buffer {
  let mutated = bytes;
  for (let round = 1 + integer(3); round > 0; round -= 1) {
    const at = integer(mutated.byteLength + 1);
    const [before, after] = [mutated.subarray(0, at), mutated.subarray(at)];
    const piece = Buffer.from(hostilePieces[integer(hostilePieces.length)] ?? '', 'latin1');
    switch (integer(5)) {
      case 0:
        mutated = Buffer.concat([before, Buffer.of(integer(256)), after.subarray(1)]);
        break;
      case 1:
        mutated = Buffer.concat([before, after.subarray(1 + integer(8))]);
        break;
      case 2:
        mutated = Buffer.concat([before, piece, after]);
        break;
      case 3:
        mutated = before;
        break;
      default:
        mutated = Buffer.concat([before, mutated.subarray(integer(at + 1), at), after]);
    }
  }
  return mutated;
}
