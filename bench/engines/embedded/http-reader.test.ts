import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpFault, parseHead } from './http-head.ts';
import { HttpReader } from './http-reader.ts';

const limits = { headBytes: 300, bodyBytes: 100 };
const chunked = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
type Read = { method: string; path: string; body: string; keepAlive: boolean };

describe('a reader of HTTP', () => {
  const stream = [
    'POST /a?x=1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello',
    'GET /b HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;note=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n',
    'POST http://host:1/d?e HTTP/1.1\r\nContent-Length: 0\r\n\r\n',
    'GET * HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n',
    'GET /f HTTP/1.1\r\nConnection: Close\r\n\r\n',
  ].join('');
  const expected: Read[] = [
    { method: 'POST', path: '/a', body: 'hello', keepAlive: true },
    { method: 'GET', path: '/b', body: '', keepAlive: true },
    { method: 'POST', path: '/c', body: 'hello world', keepAlive: true },
    { method: 'POST', path: '/d', body: '', keepAlive: true },
    { method: 'GET', path: '*', body: '', keepAlive: true },
    { method: 'GET', path: '/f', body: '', keepAlive: false },
  ];

  it('reads the same requests however they are cut', () => {
    assert.deepEqual(readAll([stream]), expected);
    assert.deepEqual(readAll([...stream]), expected);
    for (let cut = 1; cut < stream.length; cut += 1) {
      assert.deepEqual(readAll([stream.slice(0, cut), stream.slice(cut)]), expected, `cut at ${cut}`);
    }
  });

  it('reads the first of what is given twice, and knows names in any case', () => {
    const reader = new HttpReader(limits);
    reader.push(Buffer.from('GET /a HTTP/1.1\r\nX-One: a\r\nx-ONE: b\r\nEmpty:\r\nSpaced: \t a  b \t\r\n\r\n'));
    const headers = reader.read()?.head.headers;
    assert.deepEqual(
      [...(headers ?? [])],
      [
        ['x-one', 'a'],
        ['empty', ''],
        ['spaced', 'a  b'],
      ],
    );
  });

  it('takes time in proportion to the blanks in a header, not to their square', () => {
    const takenNs = (length: number): number => {
      const text = `GET / HTTP/1.1\r\nA: ${' '.repeat(length)}\0`;
      let least = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 20; round += 1) {
        const startNs = process.hrtime.bigint();
        assert.throws(() => parseHead(text), HttpFault);
        least = Math.min(least, Number(process.hrtime.bigint() - startNs));
      }
      return least;
    };
    takenNs(1_000);
    // Eight times the blanks: 8 times the time at most, or 64.
    const ratio = takenNs(16_000) / takenNs(2_000);
    assert(ratio < 24, `8 times the blanks take ${ratio} times the time`);
  });

  it('knows when the client waits for a word', () => {
    const reader = new HttpReader(limits);
    reader.push(Buffer.from('POST /a HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n'));
    assert.equal(reader.read(), undefined);
    assert.equal(reader.expectsContinue, true);
    reader.push(Buffer.from('x'));
    assert.equal(reader.read(), undefined);
    assert.equal(reader.expectsContinue, false);
    reader.push(Buffer.from('y'));
    assert.equal(reader.read()?.body.toString(), 'xy');
  });

  const faults: [string, string, number][] = [
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['HTTP/2', 'GET / HTTP/2.0\r\n\r\n', 400],
    ['bare line feeds', `GET / HTTP/1.1\nHost: x\n\n${'x'.repeat(300)}`, 431],
    ['a target without a slash', 'GET a HTTP/1.1\r\n\r\n', 400],
    ['a blank in the target', 'GET /a b HTTP/1.1\r\n\r\n', 400],
    ['a zero byte in the target', 'GET /a\0 HTTP/1.1\r\n\r\n', 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n', 400],
    ['a blank before the colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    ['a folded header', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 400],
    ['a zero byte in a header', 'GET / HTTP/1.1\r\nA: b\0\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['a list of lengths', 'POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n', 400],
    ['a negative length', 'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 400],
    ['a hexadecimal length', 'POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n', 400],
    ['length and chunks', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['another transfer coding', 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
    ['a body too large', 'POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n', 413],
    ['a body beyond all bounds', 'POST / HTTP/1.1\r\nContent-Length: 999999999999999\r\n\r\n', 413],
    ['chunks too large', `${chunked}65\r\n${'x'.repeat(101)}\r\n`, 413],
    ['a chunk without length', `${chunked}\r\n`, 400],
    ['a chunk of negative length', `${chunked}-1\r\n`, 400],
    ['a chunk longer than it says', `${chunked}1\r\nxyz\r\n`, 400],
    ['an endless line of a chunk', `${chunked}1;${'x'.repeat(300)}`, 400],
    ['too many trailers', `${chunked}0\r\n${'a: b\r\n'.repeat(101)}`, 431],
    ['endless headers', `GET / HTTP/1.1\r\nA: ${'x'.repeat(400)}`, 431],
    ['a head of more than is allowed', `GET / HTTP/1.1\r\nA: ${'x'.repeat(300)}\r\n\r\n`, 431],
  ];
  for (const [what, text, status] of faults) {
    it(`refuses ${what} with ${status}`, () => {
      assert.throws(
        () => readAll([text]),
        (error) => error instanceof HttpFault && error.status === status,
      );
      assert.throws(
        () => readAll([...text]),
        (error) => error instanceof HttpFault && error.status === status,
      );
    });
  }
});

function readAll(pieces: readonly string[]): Read[] {
  const reader = new HttpReader(limits);
  const requests: Read[] = [];
  for (const piece of pieces) {
    reader.push(Buffer.from(piece, 'latin1'));
    for (let request = reader.read(); request !== undefined; request = reader.read()) {
      const { method, path, keepAlive } = request.head;
      requests.push({ method, path, body: request.body.toString('latin1'), keepAlive });
    }
  }
  return requests;
}
