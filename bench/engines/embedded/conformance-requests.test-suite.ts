import { binaryCases } from './conformance-binary.test-suite.ts';
import { brokenCases } from './conformance-broken.test-suite.ts';
import { type HttpCase, type Json, post } from './conformance-case.test-suite.ts';
import { controlCases } from './conformance-control.test-suite.ts';
import { jsonCases } from './conformance-json.test-suite.ts';
import { modelCases } from './conformance-models.test-suite.ts';
import { pathCases } from './conformance-paths.test-suite.ts';
import { textCases } from './conformance-texts.test-suite.ts';

/** In the order in which they are sent: those that change what is loaded come last. */
export const httpCases: readonly HttpCase[] = [
  ...pathCases,
  ...jsonCases,
  ...binaryCases,
  ...datatypes(),
  ...textCases,
  ...modelCases,
  ...brokenCases,
  ...controlCases,
];

function datatypes(): HttpCase[] {
  const types = [
    'BOOL',
    'UINT8',
    'UINT16',
    'UINT32',
    'UINT64',
    'INT8',
    'INT16',
    'INT32',
    'INT64',
    'FP16',
    'BF16',
    'FP32',
    'FP64',
    'BYTES',
  ];
  const value: Json = { BOOL: true, BYTES: 'a' };
  return types.map((datatype) =>
    post(
      `JSON, ${datatype} to an input of INT64`,
      { inputs: [{ name: 'index', datatype, shape: [1, 1], data: [value[datatype] ?? 1] }] },
      '/v2/models/gather/infer',
    ),
  );
}
