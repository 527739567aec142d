import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { engineOfKind } from './engine-choice.ts';
import { parsePlan } from './parse.ts';
import type { EngineChoice } from './plan.ts';

const rest = `name: small
model: m
modelRepository: ../models
load: { input: rows.csv }
`;
const variant = 'variants:\n  - { id: two, settings: { instance_group.count: 2 } }\n';

function engineOf(engine: string): EngineChoice {
  return parsePlan(`${rest}engine: ${engine}\n${variant}`, 'plan.yaml', '/home/u/plan.yaml').engine;
}

function failureOf(engine: string, more = variant): Failure {
  try {
    parsePlan(`${rest}engine: ${engine}\n${more}`, 'plan.yaml');
  } catch (error) {
    assert(error instanceof Failure);
    assert.equal(error.exitCode, 2);
    return error;
  }
  return assert.fail(`the plan was accepted: ${engine}`);
}

describe('a remote server in a plan', () => {
  it('has every default filled in, and paths from the folder of the plan', () => {
    assert.deepEqual(engineOf('{ kind: remote, http: triton.example:8000 }').remote, {
      http: 'triton.example:8000',
      grpc: null,
      tls: { ca: null, certificate: null, key: null, serverName: null },
      headers: [],
      restartCommand: null,
    });
    const engine = `
  kind: auto
  http: https://triton.example
  grpc: grpcs://triton.example:8001
  metrics: http://triton.example:8002/metrics
  tls: { ca: certs/ca.pem, certificate: /c.pem, key: k.pem, serverName: triton }
  headers: { Authorization: { env: TRITON_TOKEN }, X-Other: { file: token } }
  restartCommand: [kubectl, rollout, restart, deployment/triton]`;
    assert.deepEqual(engineOf(engine), {
      ...engineOfKind('auto'),
      remote: {
        http: 'https://triton.example',
        grpc: 'grpcs://triton.example:8001',
        metrics: 'http://triton.example:8002/metrics',
        tls: { ca: '/home/u/certs/ca.pem', certificate: '/c.pem', key: '/home/u/k.pem', serverName: 'triton' },
        headers: [
          { name: 'Authorization', source: { env: 'TRITON_TOKEN' } },
          { name: 'X-Other', source: { file: '/home/u/token' } },
        ],
        restartCommand: ['kubectl', 'rollout', 'restart', 'deployment/triton'],
      },
    });
    assert.equal(engineOf('remote').remote, null);
  });

  for (const [what, engine, message, hint] of [
    [
      'a misspelt key',
      '{ kind: remote, htttp: h }',
      /^plan\.yaml:5:\d+: engine\.htttp: is not a key here$/,
      /did you mean http\?/,
    ],
    [
      'a user in its URL',
      '{ kind: remote, http: "http://u:hunter2@h" }',
      /^plan\.yaml:5:\d+: engine\.http: http is HOST:PORT/,
    ],
    ['a token in its query', '{ kind: remote, http: "h:1?t=hunter2" }', /engine\.http: .*no user, path or query/],
    ['a path', '{ kind: remote, http: "h:1/hunter2" }', /engine\.http: /],
    ['another scheme', '{ kind: remote, http: "ftp://hunter2" }', /engine\.http: /],
    ['http for gRPC', '{ kind: remote, http: h, grpc: "https://h" }', /engine\.grpc: grpc is HOST:PORT/],
    [
      'a value of a header',
      '{ kind: remote, http: h, headers: { A: hunter2 } }',
      /engine\.headers\.A: a header is \{ env: VARIABLE \}/,
    ],
    [
      'a value as a variable',
      '{ kind: remote, http: h, headers: { A: { env: Bearer hunter2 } } }',
      /engine\.headers\.A: a header is/,
    ],
    ['two sources', '{ kind: remote, http: h, headers: { A: { env: B, file: c } } }', /a header is \{ env/],
    [
      'a header of no name',
      '{ kind: remote, http: h, headers: { "A b": { env: B } } }',
      /this is no name of a header|Invalid key/,
    ],
    [
      'a certificate without its key',
      '{ kind: remote, http: h, tls: { certificate: c } }',
      /engine\.tls: .* go together/,
    ],
    [
      'a key of TLS that is misspelt',
      '{ kind: remote, http: h, tls: { cq: c } }',
      /engine\.tls\.cq: is not a key here/,
      /did you mean ca\?/,
    ],
    [
      'a restart that is a text',
      '{ kind: remote, http: h, restartCommand: reboot }',
      /restartCommand is a list of words/,
    ],
    ['a restart of nothing', '{ kind: remote, http: h, restartCommand: [] }', /names a program/],
    ['gRPC alone', '{ kind: remote, grpc: h }', /engine\.grpc: needs http beside it/],
    ['another engine', '{ kind: local, http: h }', /engine\.http: is about a remote server, and the engine is local/],
    ['flags', '{ kind: remote, http: h, flags: [--log-verbose=1] }', /engine\.flags: the flags of a remote server/],
    ['a port', '{ kind: remote, http: h, httpPort: 8000 }', /engine\.httpPort: is about a server that Tritune starts/],
    ['a binary', '{ kind: remote, path: tritonserver }', /engine\.path: is about a server that Tritune starts/],
    ['__proto__', '{ kind: remote, http: h, headers: { __proto__: { env: B } } }', /__proto__ is not a key here/],
  ] as const satisfies [string, string, RegExp, RegExp?][]) {
    it(`is refused with ${what}, and what was written is not repeated`, () => {
      const failure = failureOf(engine);
      assert.match(failure.message, message);
      if (hint !== undefined) assert.match(failure.hint ?? '', hint);
      assert.doesNotMatch(`${failure.message}${failure.hint}`, /hunter2/);
    });
  }

  it('takes no flags of the server as variants, and says why', () => {
    for (const [more, place] of [
      ['variants:\n  - { id: t, settings: { server.http-thread-count: 4 } }\n', /plan\.yaml:7:\d+: variants\[0\]: /],
      ['variants:\n  - { id: t, serverFlags: { http-thread-count: 4 } }\n', /plan\.yaml:7:\d+: variants\[0\]: /],
      [
        'search: { strategy: grid, parameters: { server.http-thread-count: [4, 8] } }\n',
        /search\.parameters\.server\.http-thread-count: /,
      ],
    ] as const) {
      const { message, hint } = failureOf('{ kind: remote, http: h }', more);
      assert.match(message, place);
      assert.match(message, /given where it is started, and cannot be set from here$/);
      assert.match(hint ?? '', /engine: local or docker/);
    }
  });

  it('colocates nothing, and restarts only where it is told how', () => {
    const applied = (apply: string) => `${variant}apply: ${apply}\n`;
    assert.match(failureOf('{ kind: remote, http: h }', applied('colocate')).message, /apply: colocate needs copies/);
    assert.match(failureOf('{ kind: remote, http: h }', applied('restart')).hint ?? '', /engine\.restartCommand/);
    const engine = '{ kind: remote, http: h, restartCommand: [reboot] }';
    assert.equal(parsePlan(`${rest}engine: ${engine}\n${applied('restart')}`, 'plan.yaml').apply, 'restart');
  });
});
