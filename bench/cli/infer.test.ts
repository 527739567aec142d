import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { requires } from '../testing/requires.ts';
import { projectFolder } from './host.fixture.ts';
import { assertMessage, Workplace } from './workplace.fixture.ts';

const answers = ['--model-repository', 'given/models', '--input', 'given/rows.csv', '--output', 'answers.csv'];

describe('tritune infer', requires('triton'), () => {
  it('labels at least 95 % of the held-out rows rightly, and writes what it prints as JSON', async () => {
    using place = new Workplace();
    const { code, stdout, stderr } = await place.run('infer', ...answers, '--json');
    assert.deepEqual([code, stderr], [0, '']);
    const [header, ...rows] = table(join(place.folder, 'answers.csv'));
    const columns = ['label', 'probabilities_0', 'probabilities_1', 'probabilities_2'];
    assert.deepEqual(header, columns);
    assert.deepEqual(JSON.parse(stdout), { columns, rows: rows.map((row) => row.map(Number)) });
    const expected = labels();
    assert.equal(rows.length, expected.length);
    const right = rows.filter(([label], index) => Number(label) === expected[index]).length;
    assert(right / expected.length >= 0.95, `${right} of ${expected.length}`);
  });

  it(
    'says what the model says without a server: the same labels, probabilities within 1e-5',
    requires('train'),
    async () => {
      using place = new Workplace();
      const { code, stdout } = await place.run('infer', ...answers);
      assert.deepEqual([code, stdout], [0, `${labels().length} answers: answers.csv\n`]);
      const alone = join(place.folder, 'alone.csv');
      execFileSync(join(projectFolder, '.venv', 'bin', 'python'), ['-m', 'iris_classifiers.infer', '--output', alone], {
        cwd: projectFolder,
      });
      const [served, direct] = [table(join(place.folder, 'answers.csv')).slice(1), table(alone).slice(1)];
      assert.equal(served.length, direct.length);
      served.forEach(([label, ...probabilities], row) => {
        assert.equal(Number(label), Number(direct[row]?.[0]));
        assert.equal(probabilities.length, 3);
        probabilities.forEach((value, index) => {
          assert(Math.abs(Number(value) - Number(direct[row]?.[index + 1])) <= 1e-5);
        });
      });
    },
  );

  const refusals: [what: string, args: string[], code: number, message: RegExp][] = [
    ['rows that are not there', ['--input', 'none.csv'], 2, /there is no \S+none\.csv/],
    ['a model that is not there', ['--model', 'none'], 2, /there is no model none in/],
    ['an output that cannot be written', ['--output', 'no/such/folder.csv'], 2, /folder\.csv cannot be written/],
    ['an output over its own input', ['--output', 'given/rows.csv'], 2, /would be written over given\/rows\.csv/],
  ];
  for (const [what, args, code, message] of refusals) {
    it(`refuses ${what}`, async () => {
      using place = new Workplace();
      const ended = await place.runHere('infer', ...answers, ...args);
      assertMessage(ended.stderr, message);
      assert.deepEqual([ended.code, ended.stdout], [code, '']);
      assert.equal(existsSync(join(place.folder, 'answers.csv')), false);
    });
  }
});

function labels(): number[] {
  const rows = table(join(projectFolder, 'data', 'test_target.csv')).flat();
  return rows.filter((cell) => cell !== '' && !Number.isNaN(Number(cell))).map(Number);
}

function table(file: string): string[][] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
}
