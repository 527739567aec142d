import { resolve } from 'node:path';
import type { TlsTarget } from '../load/transport.ts';
import type { ServerName } from './load-address.ts';
import { readSmall } from './load-headers.ts';
import type { LoadOptions } from './load-options.ts';
import { conflict } from './load-pacing.ts';

/** gRPC with TLS may be asked for by an option as well. @throws Failure (usage) where it is asked for of HTTP. */
export function secured(server: ServerName, { sslGrpcUseSsl }: LoadOptions): ServerName {
  if (sslGrpcUseSsl !== true) return server;
  if (server.protocol !== 'grpc')
    throw conflict('--ssl-grpc-use-ssl is about gRPC', 'write -u https://HOST:PORT for HTTP');
  return { ...server, isSecure: true };
}

/** The PEM files of the --ssl options; null without TLS. @throws Failure (usage) for those of another protocol, and files that are missing. */
export function readTls(server: ServerName, options: LoadOptions, cwd: string): TlsTarget | null {
  const ofHttps = [
    options.sslHttpsCaCertificatesFile,
    options.sslHttpsClientCertificateFile,
    options.sslHttpsPrivateKeyFile,
  ] as const;
  const ofGrpc = [
    options.sslGrpcRootCertificationsFile,
    options.sslGrpcCertificateChainFile,
    options.sslGrpcPrivateKeyFile,
  ] as const;
  const [used, other] = server.protocol === 'http' ? [ofHttps, ofGrpc] : [ofGrpc, ofHttps];
  const isGiven = (files: readonly (string | undefined)[]): boolean => files.some((file) => file !== undefined);
  if (isGiven(other))
    throw conflict(
      `there are --ssl options of another protocol than ${server.protocol}`,
      `use those that begin with --ssl-${server.protocol === 'http' ? 'https' : 'grpc'}`,
    );
  if (!server.isSecure) {
    if (!isGiven(used) && options.sslServerName === undefined) return null;
    throw conflict(
      'there are --ssl options, but the address is without TLS',
      server.protocol === 'http' ? 'write -u https://HOST:PORT' : 'add --ssl-grpc-use-ssl',
    );
  }
  const [ca, certificate, key] = used.map((file) => (file === undefined ? null : readSmall(resolve(cwd, file))));
  return {
    serverName: options.sslServerName ?? server.host,
    ca: ca ?? null,
    certificate: certificate ?? null,
    key: key ?? null,
  };
}
