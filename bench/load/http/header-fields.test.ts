import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../failure.ts';
import { checkHeaders, checkMetadata, type HeaderFields } from './header-fields.ts';

const canary = 'canary-7f3a';

function refusal(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    assert(error instanceof Failure && error.exitCode === 2, String(error));
    const text = [error.message, error.hint, error.stack, String(error.cause)].join('\n');
    assert(!text.includes(canary), text);
    return error.message;
  }
  throw new Error('nothing was refused');
}

describe('headers of HTTP', () => {
  it('come back as they are, repeated ones and bytes above ASCII too', () => {
    const headers: HeaderFields = [
      ['Authorization', `Bearer ${canary}`],
      ['X-Tag', 'a'],
      ['x-tag', 'b\tc'],
      ['X-Latin', 'é'],
      ['__proto__', ''],
      ['Host', 'triton.test'],
    ];
    assert.deepEqual(checkHeaders(headers), headers);
  });

  for (const value of ['\r\n', '\n', '\r', '\0', '\x7f', '\x1b[31m', '€', '\u2028']) {
    it(`may not hold ${JSON.stringify(value)}, and the value is not told`, () => {
      const message = refusal(() => checkHeaders([['X-Key', `${canary}${value}x`]]));
      assert.equal(message, 'the value of the header X-Key holds a character that HTTP forbids');
    });
  }

  for (const name of ['', ' ', 'a b', 'a:', 'a\r\nb', 'é', 'x'.repeat(100_000).concat(':')]) {
    it(`may not be named ${JSON.stringify(name).slice(0, 20)}`, () => {
      const message = refusal(() => checkHeaders([[name, canary]]));
      assert.match(message, /^"[\x20-\x7e]*" is no name of a header$/);
      assert(message.length < 100);
    });
  }

  for (const name of [
    'content-length',
    'Transfer-Encoding',
    'CONNECTION',
    'Inference-Header-Content-Length',
    'Expect',
  ]) {
    it(`may not say ${name}, which the request does`, () => {
      assert.equal(
        refusal(() => checkHeaders([[name, canary]])),
        `the header ${name} is set by the request itself`,
      );
    });
  }
});

describe('metadata of gRPC', () => {
  it('comes back in lower case', () => {
    assert.deepEqual(
      checkMetadata([
        ['X-Key', 'a b'],
        ['blob-bin', 'AAEC'],
      ]),
      [
        ['x-key', 'a b'],
        ['blob-bin', 'AAEC'],
      ],
    );
  });

  for (const [name, value] of [
    ['a!', ''],
    ['', ''],
    ['grpc-timeout', '1'],
    ['host', 'x'],
    ['te', ''],
    [':path', '/'],
  ] as const) {
    it(`may not be named ${JSON.stringify(name)}`, () => {
      refusal(() => checkMetadata([[name, `${canary}${value}`]]));
    });
  }

  for (const [name, value] of [
    ['key', 'é'],
    ['key', '\r\n'],
    ['key', '\t'],
    ['key-bin', '!'],
  ] as const) {
    it(`may not hold ${JSON.stringify(value)} in ${name}`, () => {
      assert.match(
        refusal(() => checkMetadata([[name, `${canary}${value}`]])),
        new RegExp(`^the value of the metadata ${name} `),
      );
    });
  }

  it('of any kind is taken or refused, and no value is ever told', () => {
    const field = fc.tuple(fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 12 }));
    for (const check of [checkHeaders, checkMetadata]) {
      fc.assert(
        fc.property(field, ([name, value]) => {
          try {
            const [checked] = check([[name, `${canary}${value}`]]);
            assert(checked !== undefined && !/[\r\n\0]/.test(checked.join('')));
          } catch (error) {
            assert(error instanceof Failure && !error.message.includes(canary));
          }
        }),
        { seed: 20_261_123, numRuns: 500 },
      );
    }
  });
});
