import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A certificate and its key as PEM text. */
export type CertifiedKey = { readonly certificate: string; readonly key: string };

/** An authority of its own, good for nothing but one test; `issue` gives a certificate for a name, which may be an address. */
export type TestAuthority = { readonly certificate: string; issue(name: string): CertifiedKey };

/** Makes one with fresh keys, in DER by hand: Node reads certificates but writes none. */
export function makeAuthority(): TestAuthority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = 'Tritune test authority';
  const authority = sequence(oid(2, 5, 29, 19), boolean(true), octets(sequence(boolean(true))));
  return {
    certificate: certify({ subject: issuer, publicKey: own.publicKey, extension: authority }, issuer, own.privateKey),
    issue(name) {
      const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const extension = sequence(oid(2, 5, 29, 17), octets(sequence(alternativeName(name))));
      return {
        certificate: certify({ subject: name, publicKey: keys.publicKey, extension }, issuer, own.privateKey),
        key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    },
  };
}

type Request = { readonly subject: string; readonly publicKey: KeyObject; readonly extension: Buffer };

let serial = 0;

function certify({ subject, publicKey, extension }: Request, issuer: string, key: KeyObject): string {
  serial += 1;
  const algorithm = sequence(oid(1, 2, 840, 10045, 4, 3, 2));
  const content = sequence(
    tagged(0xa0, integer(2)),
    integer(serial),
    algorithm,
    commonName(issuer),
    sequence(time('200101000000Z'), time('491231235959Z')),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(extension)),
  );
  const whole = sequence(content, algorithm, tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', content, key)])));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(oid(2, 5, 4, 3), tagged(0x0c, Buffer.from(name)))));
}

/** A name of the DNS, or an IPv4 address. */
function alternativeName(name: string): Buffer {
  const parts = name.split('.').map(Number);
  return parts.some(Number.isNaN) ? tagged(0x82, Buffer.from(name)) : tagged(0x87, Buffer.from(parts));
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function octets(content: Buffer): Buffer {
  return tagged(0x04, content);
}

function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.of(value ? 0xff : 0));
}

function integer(value: number): Buffer {
  return tagged(0x02, Buffer.of(value));
}

function time(text: string): Buffer {
  return tagged(0x17, Buffer.from(text));
}

function oid(first: number, second: number, ...others: number[]): Buffer {
  const bytes = others.flatMap((part) => (part < 0x80 ? [part] : [...highBits(part), part % 0x80]));
  return tagged(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

function highBits(part: number): number[] {
  const rest = Math.floor(part / 0x80);
  return rest === 0 ? [] : [...highBits(rest), 0x80 + (rest % 0x80)];
}

/** DER's tag, length, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const size = content.byteLength;
  if (size < 0x80) return Buffer.concat([Buffer.of(tag, size), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, size >> 8, size & 0xff), content]);
}
