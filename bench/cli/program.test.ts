import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectFolder, tritune } from './host.fixture.ts';

const commands = [['sweep'], ['report'], ['doctor'], ['infer'], ['triton'], ['triton', 'install']];

describe('the command line', () => {
  it('helps with every command, on stdout', async () => {
    for (const command of [[], ...commands]) {
      const { code, stdout, stderr } = await tritune([...command, '--help']);
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^Usage: ${['tritune', ...command].join(' ')} `));
      for (const line of stdout.split('\n')) assert(line.length <= 100, line);
    }
  });

  it('shows the help on stderr where a command is left out', async () => {
    for (const command of [[], ['triton']]) {
      const { code, stdout, stderr } = await tritune(command);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, new RegExp(`^Usage: ${['tritune', ...command].join(' ')} `));
    }
  });

  it('brings in for a command what it needs, and nothing of the others', () => {
    const tell = `import { registerHooks } from 'node:module';
      const hook = (url, context, next) => (process.stderr.write(url + '\\n'), next(url, context));
      registerHooks({ load: hook });`;
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--import',
        `data:text/javascript,${encodeURIComponent(tell)}`,
        join(projectFolder, 'bench/main.ts'),
        'load',
        '--help',
      ],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0);
    assert.match(stderr, /bench\/cli\/load\.ts/);
    assert.doesNotMatch(stderr, /grpc-js|onnxruntime|handlebars|execa|bench\/(run|engines|stats)\//);
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'));
    assert.deepEqual(await tritune(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  });

  const wrong: [args: string[], message: RegExp][] = [
    [['swep'], /unknown command 'swep' \(Did you mean sweep\?\)/],
    [['sweep', '--budgt', '3s'], /unknown option '--budgt' \(Did you mean --budget\?\)/],
    [['sweep', '--budget', 'soon'], /--budget.*write a duration such as 90s, 5m or 1h30m/],
    [['sweep', '--budget', '-3s'], /--budget/],
    [['sweep', '--blocks', '0'], /--blocks.*write a whole number from 1/],
    [['sweep', '--blocks', '1e3'], /--blocks.*write a whole number from 1/],
    [['sweep', '--slices', '2.5'], /--slices.*write a whole number from 1/],
    [['sweep', '--seed', '9007199254740993'], /--seed.*write a whole number from 0/],
    [['sweep', '--engine', 'podman'], /--engine.*auto, local, docker/],
    [['sweep', '--resume', 'a', '--out', 'b'], /'--resume <dir>' cannot be used with option '--out <dir>'/],
    [['sweep', 'a.yaml', 'b.yaml'], /too many arguments/],
    [['report'], /missing required argument 'dir'/],
    [['doctor', '\u001b[31mred\u202e.yaml'], /there is no plan \\u\{1b\}\[31mred\\u\{202e\}\.yaml/],
  ];
  for (const [args, message] of wrong) {
    it(`says what is wrong with ${JSON.stringify(args.join(' '))}`, async () => {
      const { code, stdout, stderr } = await tritune(args);
      assert.equal(code, 2);
      assert.match(stdout + stderr, message);
      assert.doesNotMatch(stdout + stderr, new RegExp(`[${String.fromCharCode(27, 0x202e)}]`));
    });
  }
});
