import { Failure } from '../../failure.ts';

/** An HTTP proxy; `authorization` is the value of its header, null where it asks for none. */
export type HttpProxy = { readonly host: string; readonly port: number; readonly authorization: string | null };

/** @throws Failure (usage) for anything but `http://[user:password@]host[:port]`; the URL may hold a password and is not repeated. */
export function parseProxy(text: string): HttpProxy {
  const url = URL.parse(text);
  if (url === null) throw refused('the proxy is no URL');
  if (url.protocol !== 'http:') throw refused('the proxy is spoken to with HTTP, so its URL begins with http://');
  if (url.hostname === '' || (url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') {
    throw refused("the proxy's URL holds more than a host and a port");
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : Number(url.port),
    authorization: url.username === '' && url.password === '' ? null : basic(url),
  };
}

function basic({ username, password }: URL): string {
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  } catch {
    throw refused("the proxy's user or password is not escaped as a URL has it");
  }
}

function refused(message: string): Failure {
  return new Failure('usage', 'proxy', message, { hint: 'write the proxy as http://HOST:PORT' });
}
