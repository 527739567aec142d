import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { readFlags, splitFlags } from './flags.ts';

const read = (...args: string[]) => readFlags(splitFlags(args), '/srv');

describe('the flags of the server', () => {
  it("have Triton's names and defaults", () => {
    assert.deepEqual(read('--model-repository=models'), {
      repository: '/srv/models',
      id: 'tritune-embedded',
      modelControl: 'none',
      loadModels: [],
      autoCompleteConfig: true,
      http: { host: '127.0.0.1', port: 8000 },
      grpc: { host: '127.0.0.1', port: 8001 },
      metrics: { host: '127.0.0.1', port: 8002 },
      exitTimeoutMs: 30_000,
      isVerbose: false,
      ignored: [],
    });
  });

  it('take values behind an equals sign or a blank, and switches without one', () => {
    const flags = read(
      ...['--model-repository', '/models', '--http-address=::1', '--http-port', '0', '--allow-grpc=false', '--id=a=b'],
      ...['--disable-auto-complete-config', '--model-control-mode=explicit', '--load-model=a', '--load-model', 'b'],
      ...['--metrics-port=9', '--exit-timeout-secs=0', '--log-verbose=1', '--http-thread-count=4'],
    );
    assert.deepEqual(flags, {
      repository: '/models',
      id: 'a=b',
      modelControl: 'explicit',
      loadModels: ['a', 'b'],
      autoCompleteConfig: false,
      http: { host: '::1', port: 0 },
      grpc: undefined,
      metrics: { host: '::1', port: 9 },
      exitTimeoutMs: 0,
      isVerbose: true,
      ignored: ['http-thread-count'],
    });
  });

  it('are accepted where they have no effect here, and told of', () => {
    const args = ['--strict-readiness=true', '--rate-limit', 'off', '--cache-config=local,size=1', '--log-file=x'];
    const more = ['--log-format=default', '--metrics-config=a=b', '--trace-config=a,b=c', '--host-policy=a,b=c'];
    const inVain = ['--exit-on-error=true', '--grpc-use-ssl=false', '--grpc-use-ssl-mutual=0'];
    const { ignored } = read('--model-repository=.', ...args, ...more, ...inVain);
    const named = [...args, ...more].filter((arg) => arg.startsWith('--')).map((arg) => arg.slice(2).split('=')[0]);
    assert.deepEqual([...ignored].sort(), named.sort());
  });

  it("have Triton's older names too", () => {
    const older = read('--model-store=models', '--strict-model-config=true');
    assert.deepEqual([older.repository, older.autoCompleteConfig], ['/srv/models', false]);
    assert.equal(read('--model-store=models', '--strict-model-config=false').autoCompleteConfig, true);
  });

  const refused: [string, string[], RegExp, RegExp?][] = [
    ['a name that is nearly one', ['--http-prot=1'], /there is no flag --http-prot/, /did you mean --http-port\?/],
    ['a word that is no flag', ['models'], /"models" is not a flag/],
    ['a missing value', ['--http-port'], /--http-port needs a value/],
    ['no repository', [], /--model-repository is missing/],
    ['a port beyond all ports', ['--model-repository=.', '--http-port=65536'], /from 0 to 65535/],
    ['a port in words', ['--model-repository=.', '--http-port=http'], /whole number/],
    ['a switch in other words', ['--model-repository=.', '--allow-http=maybe'], /true or false/],
    ['to go on after an error', ['--model-repository=.', '--exit-on-error=false'], /not supported/, /cannot be loaded/],
    ['TLS', ['--model-repository=.', '--grpc-use-ssl=true'], /--grpc-use-ssl=true is not supported/, /no TLS here/],
    [
      'to restrict calls',
      ['--model-repository=.', '--http-restricted-api=a:b=c'],
      /not supported/,
      /no call can be kept/,
    ],
    ['polling', ['--model-repository=.', '--model-control-mode=poll'], /not supported/, /explicit/],
    ['a model to load without explicit control', ['--model-repository=.', '--load-model=x'], /--load-model needs/],
    ['the name of what every object has', ['--__proto__=1'], /there is no flag --__proto__/],
  ];
  for (const [what, args, message, hint] of refused) {
    it(`refuse ${what}`, () => {
      assert.throws(
        () => read(...args),
        (error) => {
          assert(error instanceof Failure);
          assert.equal(error.exitCode, 2);
          assert.match(error.message, message);
          if (hint !== undefined) assert.match(error.hint ?? '', hint);
          return true;
        },
      );
    });
  }
});
