import { z } from 'zod';
import type { RemoteChoice, SecretSource } from './plan.ts';

/** A server that is running already, and how it is reached. Paths are as they were written until the plan is resolved. */
export const remoteKeys = {
  http: address(
    /^(https?:\/\/)?[^\s/?#@\\]+\/?$/i,
    'http is HOST:PORT or a URL such as https://HOST:8000: no user, path or query in it; a token goes into headers',
  ),
  grpc: address(
    /^(grpcs?:\/\/)?[^\s/?#@\\]+\/?$/i,
    'grpc is HOST:PORT or a URL such as grpcs://HOST:8001: no user, path or query in it; a token goes into headers',
  ),
  metrics: address(
    /^(https?:\/\/)?[^\s/?#@\\]+:\d{1,5}(\/(metrics)?)?$/i,
    'metrics is HOST:PORT or a URL such as http://HOST:8002/metrics: no user, query or other path in it',
  ),
  tls: z
    .strictObject({
      ca: path('ca'),
      certificate: path('certificate'),
      key: path('key'),
      serverName: z
        .string({ error: 'serverName is the name that the certificate is for' })
        .regex(/^[A-Za-z0-9._:-]{1,253}$/, 'serverName is the name that the certificate is for')
        .nullable()
        .default(null),
    })
    .refine(({ certificate, key }) => (certificate === null) === (key === null), {
      message: 'a client certificate and its key go together: certificate and key',
    })
    .exactOptional(),
  headers: z
    .record(
      z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'this is no name of a header'),
      z.custom<SecretSource>(isSource, {
        error:
          'a header is { env: VARIABLE } or { file: PATH }: a plan is kept in the record of every run, and a value may be secret',
      }),
      { error: ({ code }) => (code === 'invalid_key' ? 'this is no name of a header' : undefined) },
    )
    .exactOptional(),
  restartCommand: z
    .array(
      z
        .string({ error: 'each word of restartCommand is a text' })
        .refine((word) => !word.includes('\0'), 'a word of a command holds no NUL'),
      {
        error:
          'restartCommand is a list of words such as [kubectl, rollout, restart, deployment/triton]; no shell reads it',
      },
    )
    .min(1, 'restartCommand names a program')
    .max(200, 'restartCommand has at most 200 words')
    .refine(([program]) => program !== '', 'restartCommand names a program')
    .exactOptional(),
};

export type RemoteKeys = z.output<z.ZodObject<typeof remoteKeys>>;

/** The keys that say where a server is; without `http` there is none. */
export function remoteOf({ http, grpc, metrics, tls, headers, restartCommand }: RemoteKeys): RemoteChoice | null {
  if (http === undefined) return null;
  return {
    http,
    grpc: grpc ?? null,
    ...(metrics === undefined ? {} : { metrics }),
    tls: tls ?? { ca: null, certificate: null, key: null, serverName: null },
    headers: Object.entries(headers ?? {}).map(([name, source]) => ({ name, source })),
    restartCommand: restartCommand ?? null,
  };
}

/** The same with every path absolute. */
export function withPaths(remote: RemoteChoice, resolve: (path: string) => string): RemoteChoice {
  const { ca, certificate, key, serverName } = remote.tls;
  const absolute = (path: string | null): string | null => (path === null ? null : resolve(path));
  return {
    ...remote,
    tls: { ca: absolute(ca), certificate: absolute(certificate), key: absolute(key), serverName },
    headers: remote.headers.map(({ name, source }) => ({
      name,
      source: 'file' in source ? { file: resolve(source.file) } : source,
    })),
  };
}

function address(form: RegExp, message: string) {
  return z.string({ error: message }).regex(form, message).max(300, message).exactOptional();
}

function path(name: string) {
  return z
    .string({ error: `${name} is the path of a PEM file` })
    .min(1)
    .nullable()
    .default(null);
}

function isSource(value: unknown): value is SecretSource {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const [[name, text] = [], ...others] = Object.entries(value);
  if (others.length > 0 || typeof text !== 'string') return false;
  return name === 'env' ? /^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(text) : name === 'file' && text !== '';
}
