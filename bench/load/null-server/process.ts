// The null server as a process of its own: prints its ports as JSON, and ends when its standard input does.
import { createServer, type Socket } from 'node:net';
import { serveGrpc } from './grpc-connection.ts';
import { serveHttp } from './http-connection.ts';

const loopback = '127.0.0.1';

async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, loopback, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the null server has no port');
  return address.port;
}

// The pipe's other end closes with whoever started this, however that one ends.
process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0));
process.stdin.resume();
const [http, grpc] = [await listen(serveHttp), await listen(serveGrpc)];
process.stdout.write(`${JSON.stringify({ http, grpc })}\n`);
