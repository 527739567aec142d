import { flower, type HttpCase, iris } from './conformance-case.test-suite.ts';

const bodies: [string, string | Uint8Array][] = [
  ['empty body', ''],
  ['blank body', '  '],
  ['{', '{'],
  ['null', 'null'],
  ['[]', '[]'],
  ['a number', '17'],
  ['a text', '"abc"'],
  ['no JSON', 'hello'],
  ['two objects', '{}{}'],
  ['rubbish behind', `${JSON.stringify({ inputs: [flower] })}x`],
  ['trailing comma', '{"inputs":[],}'],
  ['comment', '{/* */"inputs":[]}'],
  ['single quotes', "{'inputs':[]}"],
  ['byte order mark', `\ufeff${JSON.stringify({ inputs: [flower] })}`],
  ['bytes that are no UTF-8', Buffer.from('ff fe 00 01'.replaceAll(' ', ''), 'hex')],
  ['NaN', '{"inputs":[{"name":"input","datatype":"FP32","shape":[1,4],"data":[NaN,1,1,1]}]}'],
  ['deep', '['.repeat(500)],
  ['a key twice', '{"inputs":[],"inputs":[{"name":"input","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}]}'],
];

/** Bodies that are no request. */
export const brokenCases: readonly HttpCase[] = bodies.map(([name, body]) => ({
  name: `broken JSON: ${name}`,
  method: 'POST',
  path: `${iris}/infer`,
  body,
}));
