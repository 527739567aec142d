import { Failure } from '../../failure.ts';

export type HeaderFields = readonly (readonly [name: string, value: string])[];

/**
 * Gives the headers back where each is one that HTTP allows and the request does not need for itself.
 * @throws Failure (usage) that names the header; a value may be a secret and appears in no message.
 */
export function checkHeaders(headers: HeaderFields): HeaderFields {
  for (const [name, value] of headers) {
    if (!token.test(name)) throw refused(`${printable(name)} is no name of a header`);
    if (ownHeaders.has(name.toLowerCase())) throw refused(`the header ${name} is set by the request itself`);
    if (!fieldValue.test(value)) throw refused(`the value of the header ${name} holds a character that HTTP forbids`);
  }
  return headers;
}

/**
 * The same for gRPC metadata: names come back in lower case; the value of a name that ends in `-bin` is base64.
 * @throws Failure (usage) as above.
 */
export function checkMetadata(headers: HeaderFields): HeaderFields {
  return headers.map(([given, value]) => {
    const name = given.toLowerCase();
    if (!metadataName.test(name)) throw refused(`${printable(given)} is no name of gRPC metadata`);
    if (ownMetadata.has(name) || name.startsWith('grpc-')) throw refused(`${given} belongs to gRPC itself`);
    if (!(name.endsWith('-bin') ? base64 : metadataValue).test(value)) {
      throw refused(`the value of the metadata ${given} is not ${name.endsWith('-bin') ? 'base64' : 'plain ASCII'}`);
    }
    return [name, value];
  });
}

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
/** Bytes above ASCII go over the wire as they are. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** What says where the request ends, how it is coded and what becomes of the connection. */
const ownHeaders = new Set([
  'connection',
  'content-encoding',
  'accept-encoding',
  'content-length',
  'content-type',
  'expect',
  'inference-header-content-length',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const metadataName = /^[0-9a-z_.-]+$/;
const metadataValue = /^[\x20-\x7e]*$/;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const ownMetadata = new Set([...ownHeaders, 'host', 'user-agent']);

function refused(message: string): Failure {
  return new Failure('usage', 'header', message, { hint: 'write a header as NAME:VALUE, printable and on one line' });
}

/** A name that is none may hold anything: it is shown without what a terminal would act on, and not at length. */
function printable(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}...` : name).replace(/[^\x20-\x7e]/g, '?');
}
