import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { Failure } from '../../failure.ts';
import type { ErrorKind } from '../answers.ts';
import { connectFailure } from '../http/connection.ts';
import type { Target, TlsTarget } from '../transport.ts';
import { type HttpProxy, parseProxy } from './proxy.ts';
import { openTunnel } from './tunnel.ts';

/** A connection that was not made. The message repeats nothing of what was sent. */
export class Unconnected extends Error {
  override readonly name = 'Unconnected';
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** How a target is reached, made once for all of its connections. */
export type Wrapping = {
  readonly target: Target;
  readonly proxy: HttpProxy | null;
  /** Whether the proxy passes bytes on; else it takes the requests themselves. */
  readonly tunnel: boolean;
  readonly context: SecureContext | null;
  readonly applicationProtocol: 'http/1.1' | 'h2';
};

/** @throws Failure (usage) for a proxy that is none, and for certificates and keys that cannot be used. */
export function wrappingOf(target: Target, applicationProtocol: Wrapping['applicationProtocol']): Wrapping {
  const proxy = target.proxy === null ? null : parseProxy(target.proxy);
  return {
    target,
    proxy,
    tunnel: proxy !== null && (target.tls !== null || applicationProtocol === 'h2'),
    context: target.tls === null ? null : secureContext(target.tls),
    applicationProtocol,
  };
}

/** Begins a TCP connection to the server, or to the proxy before it. */
export function dial({ proxy, target }: Wrapping): Socket {
  return connectTcp({ host: proxy?.host ?? target.host, port: proxy?.port ?? target.port, noDelay: true });
}

/** The same, ready for requests. Destroying `socket` gives the promise up as well. @throws Unconnected */
export async function connectThrough(wrapping: Wrapping, socket: Socket): Promise<Socket> {
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error) => reject(new Unconnected(connectFailure(error), 'no connection', error)));
    socket.once('close', () => reject(new Unconnected('connect', 'the connection was closed')));
  });
  return await wrap(wrapping, socket);
}

/** What goes on top of a TCP connection that is made: the tunnel through the proxy, then TLS. @throws Unconnected */
export async function wrap(wrapping: Wrapping, socket: Socket): Promise<Socket> {
  const { target, proxy, tunnel, context } = wrapping;
  if (proxy !== null && tunnel) {
    await openTunnel(socket, target, proxy).catch((error: Error) => {
      throw new Unconnected('connect', error.message);
    });
  }
  if (target.tls === null || context === null) return socket;
  return await encrypt(wrapping, socket, { serverName: target.tls.serverName, context });
}

function encrypt(
  { applicationProtocol }: Wrapping,
  socket: Socket,
  { serverName, context }: { serverName: string; context: SecureContext },
): Promise<Socket> {
  const secured = connectTls({
    socket,
    secureContext: context,
    // Checked against the certificate; an address may not be asked for by name.
    host: serverName,
    servername: isIP(serverName) === 0 ? serverName : '',
    ALPNProtocols: [applicationProtocol],
  });
  return new Promise((resolve, reject) => {
    const fail = (cause?: Error): void => {
      socket.destroy();
      secured.destroy();
      reject(new Unconnected('tls', 'no TLS connection', cause));
    };
    secured.on('error', fail);
    secured.once('close', fail);
    secured.once('secureConnect', () => {
      secured.off('error', fail);
      secured.off('close', fail);
      resolve(secured);
    });
  });
}

function secureContext({ ca, certificate, key }: TlsTarget): SecureContext {
  if ((certificate === null) !== (key === null)) throw unusable('a client certificate and its key go together');
  if (ca !== null && !holdsCertificates(ca)) throw unusable('the CA certificate cannot be used');
  if (certificate !== null && !holdsCertificates(certificate)) throw unusable('the client certificate cannot be used');
  try {
    return createSecureContext({
      ...(ca === null ? {} : { ca }),
      ...(certificate === null || key === null ? {} : { cert: certificate, key }),
    });
  } catch (error) {
    // The code alone: it is OpenSSL's own word, which never holds the key.
    throw unusable(
      `the key cannot be used with its certificate (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`,
    );
  }
}

/** OpenSSL passes over what it cannot read, and would then trust nobody. */
function holdsCertificates(text: string): boolean {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block)).length > 0;
  } catch {
    return false;
  }
}

function unusable(message: string): Failure {
  return new Failure('usage', 'tls', message, { hint: 'give certificates and an unencrypted key as PEM files' });
}

/** Whether TLS itself failed after it had been set up, as where the server refuses the client's certificate. */
export function isTlsError(error: unknown): boolean {
  return /^(ERR_SSL_|ERR_TLS_|EPROTO$)/.test((error as NodeJS.ErrnoException | null)?.code ?? '');
}
