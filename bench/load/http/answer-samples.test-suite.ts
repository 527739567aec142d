import { type Answer, AnswerReader } from './answer.ts';

/** Status line and first header of most samples. */
export const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n';
/** Whole answers in the forms that HTTP allows; `keepAlive` is true where left out. */
export const answers: readonly { what: string; text: string; body: string; keepAlive?: boolean }[] = [
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

/** Pieces of that size, then the end of the connection. */
export function pushInPieces(bytes: Buffer, pieceBytes: number): Answer | undefined {
  const reader = new AnswerReader();
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    const answer = reader.push(bytes.subarray(at, at + pieceBytes));
    if (answer !== undefined) return answer;
  }
  return reader.end();
}
