import { type HttpCase, type Json, post } from './conformance-case.test-suite.ts';

const gather = (index: unknown): Json => ({
  inputs: [{ name: 'index', datatype: 'INT64', shape: [1, 1], data: [index] }],
});
const pair = (a: Json, b: Json): Json => ({
  inputs: [
    { name: 'a', datatype: 'FP32', shape: [1, 2], data: [5, 7], ...a },
    { name: 'b', datatype: 'FP32', shape: [1, 2], data: [1, 2], ...b },
  ],
});
const total = (count: number): Json => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [count], data: Array.from({ length: count }, (_, at) => at) }],
});

/** Models with other inputs than one of floating point. */
export const modelCases: readonly HttpCase[] = [
  post('gather, 2', gather(2), '/v2/models/gather/infer'),
  post('gather, an index that the model refuses', gather(5), '/v2/models/gather/infer'),
  post('gather, a fraction', gather(1.5), '/v2/models/gather/infer'),
  post(
    'gather, 2 as a float',
    '{"inputs":[{"name":"index","datatype":"INT64","shape":[1,1],"data":[2.0]}]}',
    '/v2/models/gather/infer',
  ),
  post(
    'gather, beyond 64 bits',
    '{"inputs":[{"name":"index","datatype":"INT64","shape":[1,1],"data":[99999999999999999999]}]}',
    '/v2/models/gather/infer',
  ),
  post('difference', pair({}, {}), '/v2/models/difference/infer'),
  post('difference, turned', { inputs: (pair({}, {}).inputs as Json[]).toReversed() }, '/v2/models/difference/infer'),
  post(
    'difference, one input missing',
    { inputs: (pair({}, {}).inputs as Json[]).slice(0, 1) },
    '/v2/models/difference/infer',
  ),
  post('difference, two batch sizes', pair({ shape: [2, 2], data: [1, 2, 3, 4] }, {}), '/v2/models/difference/infer'),
  post(
    'difference, a batch too large',
    pair({ shape: [5, 2], data: Array(10).fill(1) }, { shape: [5, 2], data: Array(10).fill(1) }),
    '/v2/models/difference/infer',
  ),
  post('total, 3', total(3), '/v2/models/total/infer'),
  post('total, 0', total(0), '/v2/models/total/infer'),
  post('total, 1000', total(1000), '/v2/models/total/infer'),
  post(
    'total, two dimensions',
    { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] },
    '/v2/models/total/infer',
  ),
  post(
    'identity',
    { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [0.1] }] },
    '/v2/models/identity/infer',
  ),
  post(
    'identity, integers and exponents',
    '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[-12.5e-3]}]}',
    '/v2/models/identity/infer',
  ),
  post(
    'identity, a row too many',
    { inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 1], data: [1, 2] }] },
    '/v2/models/identity/infer',
  ),
];
