import type { Socket } from 'node:net';
import { httpAnswers, httpBadRequest, httpNotFound } from './http-answers.ts';

const headEnd = Buffer.from('\r\n\r\n');
/** More than any request that is worth answering. */
const requestLimitBytes = 64 * 1024 * 1024;

type Request = { readonly head: Buffer; readonly byteLength: number; readonly answer: Buffer };

/**
 * Answers HTTP/1.1 on one connection. A request that begins as the one before it and has its length is answered without
 * being read: the client is to be measured, not this.
 */
export function serveHttp(socket: Socket): void {
  let known: Request | undefined;
  let waiting = Buffer.alloc(0);
  socket.on('data', (piece) => {
    if (waiting.byteLength === 0 && known !== undefined && isSame(known, piece)) {
      socket.write(known.answer);
      return;
    }
    waiting = waiting.byteLength === 0 ? piece : Buffer.concat([waiting, piece]);
    for (;;) {
      const request = readRequest(waiting);
      if (request === 'unfinished') return;
      if (request === 'malformed') {
        socket.end(httpBadRequest);
        return;
      }
      known = request;
      waiting = waiting.subarray(request.byteLength);
      socket.write(request.answer);
    }
  });
}

function isSame({ head, byteLength }: Request, piece: Buffer): boolean {
  return piece.byteLength === byteLength && head.compare(piece, 0, head.byteLength) === 0;
}

function readRequest(bytes: Buffer): Request | 'unfinished' | 'malformed' {
  if (bytes.byteLength === 0) return 'unfinished';
  const end = bytes.indexOf(headEnd);
  if (end < 0) return bytes.byteLength > 64 * 1024 ? 'malformed' : 'unfinished';
  const head = bytes.subarray(0, end + headEnd.byteLength);
  const text = head.toString('latin1');
  const [method, path, version] = text.slice(0, text.indexOf('\r\n')).split(' ');
  const length = Number(/^content-length: *(\d{1,15})\r$/im.exec(text)?.[1] ?? 0);
  if (version !== 'HTTP/1.1' || /^transfer-encoding:/im.test(text) || length > requestLimitBytes) return 'malformed';
  const byteLength = head.byteLength + length;
  if (bytes.byteLength < byteLength) return 'unfinished';
  return { head: Buffer.from(head), byteLength, answer: httpAnswers.get(`${method} ${path}`) ?? httpNotFound };
}
