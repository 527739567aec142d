import { Failure, messageOf } from '../../failure.ts';
import type { Send } from '../../kserve/client.ts';
import { isTlsError, Unconnected, wrappingOf } from '../conventional/wrapping.ts';
import { checkHeaders } from '../http/header-fields.ts';
import type { Target } from '../transport.ts';
import { exchange } from './http-exchange.ts';

/**
 * What stands in for fetch where a server is reached with headers of its own, TLS or a proxy. The URL's path alone counts;
 * `clean` takes what must not be repeated out of the answer's text.
 * @throws Failure (usage) for headers, certificates and proxies that cannot be used.
 */
export function fetchOver(target: Omit<Target, 'model' | 'modelVersion'>, clean: (text: string) => string): Send {
  checkHeaders(target.headers);
  const wrapping = wrappingOf({ ...target, model: '', modelVersion: null }, 'http/1.1');
  return async (url, { method = 'GET', headers = {}, body = null, signal = null }) => {
    const { pathname, search } = new URL(url);
    const question = {
      method,
      path: pathname + search,
      headers: Object.entries(headers as Record<string, string>),
      ...(body === null ? {} : { body: body as Uint8Array }),
    };
    const given = signal ?? new AbortController().signal;
    try {
      given.throwIfAborted();
      const answer = await exchange(wrapping, question, given);
      return responseOf(answer.status, answer.body, { clean, headerBytes: answer.headers[headerLength] });
    } catch (error) {
      throw given.aborted ? given.reason : explained(error);
    }
  };
}

const headerLength = 'inference-header-content-length';

type Parts = { readonly clean: (text: string) => string; readonly headerBytes: string | string[] | undefined };

function responseOf(status: number, body: Buffer, { clean, headerBytes }: Parts): Response {
  if (status < 200 || status > 599) throw new Error(`it answered with the status ${status}`);
  // An answer with tensors is no text, and never shown.
  if (typeof headerBytes === 'string' && status === 200)
    return new Response(new Uint8Array(body), { status, headers: { [headerLength]: headerBytes } });
  const text = body.toString('utf8');
  const cleaned = clean(text);
  const isBodyless = status === 204 || status === 205 || status === 304;
  return new Response(isBodyless ? null : cleaned === text ? new Uint8Array(body) : cleaned, { status });
}

/** Why there was no connection is in the cause; its words are the system's or OpenSSL's own. */
function explained(error: unknown): unknown {
  // A server may look at the client's certificate after the client takes TLS for set up.
  if (isTlsError(error)) return noTls(`the server ended it (${alertOf(messageOf(error))})`, error);
  if (!(error instanceof Unconnected)) return error;
  const cause = error.cause === undefined ? null : messageOf(error.cause);
  if (error.kind === 'tls') return noTls(cause === null ? 'it was closed' : alertOf(cause), error);
  return new Error(cause === null ? error.message : `${error.message} (${cause})`, { cause: error });
}

function noTls(why: string, cause: unknown): Failure {
  return new Failure('server', 'tls', `no TLS connection: ${why}`, {
    hint: 'check the CA certificate, the server name and the client certificate that the engine names, and whether the server speaks TLS there',
    cause,
  });
}

/** Of OpenSSL's line of codes, files and names the words alone: "alert certificate required". */
function alertOf(message: string): string {
  return /:error:[0-9A-F]+:[^:]*:[^:]*:(?:(?:tls|ssl)v?[\d.]+ )?([^:]+):/i.exec(message)?.[1] ?? message;
}
