import type { Socket } from 'node:net';
import type { Target } from '../transport.ts';
import type { HttpProxy } from './proxy.ts';

const headLimitBytes = 16 * 1024;

/**
 * Asks the proxy at the other end of `socket` to pass bytes on to the target. What came in behind the proxy's answer is put
 * back. Rejects, and destroys the socket, where the proxy refuses, says nothing that is HTTP, or closes.
 */
export function openTunnel(socket: Socket, { host, port }: Target, proxy: HttpProxy): Promise<void> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const authorization = proxy.authorization === null ? [] : [`Proxy-Authorization: ${proxy.authorization}`];
  socket.write([`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, ...authorization, '', ''].join('\r\n'));
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (): void => {
      socket.off('data', read);
      socket.off('close', closed);
      socket.off('error', closed);
    };
    const refuse = (message: string): void => {
      settle();
      // Nobody else listens yet.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(new Error(message));
    };
    const closed = (): void => refuse('the proxy closed the connection');
    const read = (piece: Buffer): void => {
      received = Buffer.concat([received, piece]);
      const end = received.indexOf('\r\n\r\n', 0, 'latin1');
      if (end === -1) {
        if (received.byteLength > headLimitBytes) refuse("the proxy's answer has no end");
        return;
      }
      const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(received.toString('latin1', 0, end)) ?? [];
      if (status !== '200') {
        refuse(status === undefined ? 'the proxy does not speak HTTP' : `the proxy answered ${status}`);
        return;
      }
      settle();
      socket.pause();
      if (received.byteLength > end + 4) socket.unshift(received.subarray(end + 4));
      resolve();
    };
    socket.on('data', read);
    socket.once('close', closed);
    socket.on('error', closed);
  });
}
