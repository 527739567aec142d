import { type HttpCase, post } from './conformance-case.test-suite.ts';

const index = '/v2/repository/index';
const control = (model: string, verb: string): string => `/v2/repository/models/${model}/${verb}`;

/** Requests that change what is loaded, and what is left at their end is what was there before. */
export const controlCases: readonly HttpCase[] = [
  post('index', '', index),
  post('index, an object', '{}', index),
  post('index, ready ones', '{"ready":true}', index),
  post('index, ready of text', '{"ready":"yes"}', index),
  post('index, bad JSON', '{', index),
  post('index, another repository', '', '/v2/repository/other/index'),
  post('load an unknown model', '', control('no-such', 'load')),
  post('load, bad JSON', '{', control('identity', 'load')),
  post('load, a config that is no JSON', { parameters: { config: 'hello' } }, control('identity', 'load')),
  post(
    'load, a config with an unknown field',
    { parameters: { config: '{"no_such_field":1}' } },
    control('identity', 'load'),
  ),
  post('load, a config that is an object', { parameters: { config: {} } }, control('identity', 'load')),
  post('load, an unknown parameter', { parameters: { mine: 'abc' } }, control('identity', 'load')),
  post('load, a file', { parameters: { 'file:1/model.onnx': 'aGVsbG8=' } }, control('identity', 'load')),
  post('load, a path', '', control('..%2F..%2Fetc', 'load')),
  post('load, empty name', '', control('', 'load')),
  post('load again', '', control('identity', 'load')),
  post(
    'identity is still there',
    { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [3] }] },
    '/v2/models/identity/infer',
  ),
  post('unload an unknown model', '', control('no-such', 'unload')),
  post('unload', '', control('identity', 'unload')),
  post('unload again', '', control('identity', 'unload')),
  { name: 'ready after the unload', method: 'GET', path: '/v2/models/identity/ready' },
  { name: 'metadata after the unload', method: 'GET', path: '/v2/models/identity' },
  { name: 'config after the unload', method: 'GET', path: '/v2/models/identity/config' },
  post(
    'infer after the unload',
    { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [3] }] },
    '/v2/models/identity/infer',
  ),
  post('index after the unload', '', index),
  post('load with dependents', { parameters: { unload_dependents: true } }, control('identity', 'load')),
  post('unload with dependents', { parameters: { unload_dependents: true } }, control('identity', 'unload')),
  post('unload, dependents of text', { parameters: { unload_dependents: 'x' } }, control('identity', 'unload')),
  post('load at last', '{}', control('identity', 'load')),
  { name: 'GET load', method: 'GET', path: control('identity', 'load') },
  { name: 'another verb', method: 'POST', path: control('identity', 'other') },
  { name: 'ready at last', method: 'GET', path: '/v2/models/identity/ready' },
];
