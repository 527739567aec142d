import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { requires } from '../testing/requires.ts';
import { assertMessage, variants, Workplace } from './workplace.fixture.ts';

type Case = {
  readonly name: string;
  /** Changes the workplace and returns the arguments of `tritune sweep`. */
  readonly args: (place: Workplace) => string[];
  readonly code: number;
  readonly message: RegExp;
  readonly hint?: RegExp;
  /** One of each code is what a process of its own exits with, too. */
  readonly process?: true;
};

const rows = '5.1,3.5,1.4,0.2\n';
const onePlan = (changes: Readonly<Record<string, unknown>>) => (place: Workplace) => [place.plan(changes)];
const setting = (settings: Readonly<Record<string, unknown>>) => onePlan({ variants: [{ id: 'v', settings }] });

const beforeStart: Case[] = [
  {
    name: 'a plan that does not exist',
    args: () => ['given/none.yaml'],
    code: 2,
    process: true,
    message: /there is no plan given\/none\.yaml$/,
    hint: /plans here: none/,
  },
  {
    name: 'no plan and no configs/',
    args: () => [],
    code: 2,
    message: /there is no plan in \S+configs$/,
    hint: /tritune sweep PLAN\.yaml/,
  },
  { name: 'a folder for a plan', args: () => ['given'], code: 2, message: /the plan given cannot be read: EISDIR/ },
  {
    name: 'a misspelt key',
    args: (place) => [place.file('plan.yaml', 'name: a\nmodel: b\nvariants: []\nmodelRepositry: c\n')],
    code: 2,
    message: /plan\.yaml:4:1: modelRepositry: is not a key here/,
    hint: /did you mean modelRepository\?/,
  },
  {
    name: 'an unknown option',
    args: (place) => [place.plan(), '--budgt', '3s'],
    code: 2,
    message: /unknown option '--budgt'.*--budget/,
  },
  {
    name: 'a budget without a unit',
    args: (place) => [place.plan(), '--budget', '5'],
    code: 2,
    message: /--budget.*90s, 5m or 1h30m/,
  },
  {
    name: 'a model that is not there',
    args: onePlan({ model: 'sklearn' }),
    code: 2,
    message: /there is no model sklearn in \S+models$/,
    hint: /models there: sklearn-onnx/,
  },
  {
    name: 'an unknown field',
    args: setting({ 'dynamic_batching.max_queue_delay_microsecond': 1 }),
    code: 2,
    message: /variant v: .*max_queue_delay_microsecond\b/,
    hint: /max_queue_delay_microseconds/,
  },
  { name: 'a count of -1', args: setting({ 'instance_group.count': -1 }), code: 2, message: /variant v: .*count.*-1/ },
  {
    name: 'an unknown parameter',
    args: setting({ 'parameters.intra_op_thread_cont': 1 }),
    code: 2,
    message: /variant v: .*intra_op_thread_cont\b/,
    hint: /intra_op_thread_count/,
  },
  {
    name: 'a config in the version folder',
    args: (place) => {
      cpSync(place.configFile, join(place.model, '1', 'config.pbtxt'));
      rmSync(place.configFile);
      return [place.plan()];
    },
    code: 2,
    message: /1\/config\.pbtxt lies inside a version folder, where Triton ignores it/,
    hint: /move it to \S+sklearn-onnx\/config\.pbtxt/,
  },
  {
    name: 'rows that are not there',
    args: onePlan({ load: { input: 'none.csv' } }),
    code: 2,
    message: /there is no \S+none\.csv/,
    hint: /load\.input in the plan/,
  },
  {
    name: 'a folder for rows',
    args: onePlan({ load: { input: 'models' } }),
    code: 2,
    message: /models is not a file/,
    hint: /load\.input in the plan/,
  },
  {
    name: 'ragged rows',
    args: (place) => [place.plan({ load: { input: place.file('bad.csv', `${rows}1,2,3\n`).slice('given/'.length) } })],
    code: 2,
    message: /bad\.csv:2: 3 columns where the first line has 4/,
  },
  {
    name: 'rows that are no numbers',
    args: (place) => [
      place.plan({ load: { input: place.file('bad.csv', `${rows}1,2,x,4\n`).slice('given/'.length) } }),
    ],
    code: 2,
    message: /bad\.csv:2: column 3 is no number/,
  },
  {
    name: 'an --out folder that holds something',
    args: (place) => [place.plan(), '--out', 'given'],
    code: 2,
    message: /given is not empty/,
    hint: /--out/,
  },
  {
    name: 'an --out that is a file',
    args: (place) => [place.plan(), '--out', 'given/rows.csv'],
    code: 2,
    message: /rows\.csv cannot be a run folder: ENOTDIR/,
    hint: /--out/,
  },
  {
    name: 'a file in place of reports/',
    args: (place) => {
      writeFileSync(place.reports, 'mine');
      return [place.plan()];
    },
    code: 2,
    message: /cannot be a run folder: ENOTDIR/,
    hint: /--out/,
  },
  {
    name: 'an --out that may not be made',
    args: (place) => [place.plan(), '--out', '/proc/tritune/run'],
    code: 2,
    message: /\/proc\/tritune\/run cannot be a run folder: ENOENT/,
    hint: /--out/,
  },
  {
    name: 'a way to apply that is none',
    args: onePlan({ apply: 'hope' }),
    code: 2,
    message: /apply: apply is one of auto, reload, restart, colocate/,
  },
  {
    name: 'a flag of the server that is set anyway',
    args: onePlan({ variants: [{ id: 'v', serverFlags: { 'http-port': 1 } }] }),
    code: 2,
    message: /variants\[0\]\.serverFlags\.http-port: is set by Tritune itself/,
  },
  {
    name: 'a tritonserver that is not there',
    args: onePlan({ engine: { kind: 'local', path: '/no/tritonserver' } }),
    code: 3,
    process: true,
    message: /there is no Triton to measure: \/no\/tritonserver is not an executable file/,
  },
  {
    name: 'a run to go on with that is none',
    args: () => ['--resume', 'given'],
    code: 6,
    process: true,
    message: /given holds no readable run/,
    hint: /name a run folder/,
  },
  {
    name: 'a plan beside a run to go on with',
    args: (place) => [place.plan(), '--resume', 'given'],
    code: 2,
    message: /--resume goes on with the plan of its run, not with given\/plan\.yaml/,
    hint: /tritune sweep --resume given/,
  },
];

const atStart: Case[] = [
  {
    name: 'a model file that is damaged',
    args: (place) => {
      writeFileSync(join(place.model, '1', 'model.onnx'), 'no model');
      return [place.plan()];
    },
    code: 3,
    process: true,
    message: /the server does not run the committed config\.pbtxt: .*(model\.onnx|Protobuf|protobuf)/,
    hint: /the baseline must work/,
  },
  {
    name: 'a batch that the model does not take',
    args: onePlan({ load: { input: 'rows.csv', batchSize: 65 } }),
    code: 3,
    message: /the server does not answer a request of the plan: .*batch-size must be <= 64/,
    hint: /65 rows from .*load\.batchSize/,
  },
  {
    name: 'rows of another width than the model takes',
    args: (place) => [place.plan({ load: { input: place.file('narrow.csv', '1,2,3\n').slice('given/'.length) } })],
    code: 2,
    message: /narrow\.csv has 3 columns, but input input takes \[-1, 4\]/,
  },
  {
    name: 'expected outputs that the committed configuration does not give',
    args: (place) => {
      const validation_data = [{ label: [2], probabilities: [0, 0, 1] }];
      const text = JSON.stringify({ data: [{ input: [5.1, 3.5, 1.4, 0.2] }], validation_data });
      return [place.plan({ load: { input: place.file('rows.json', text).slice('given/'.length) } })];
    },
    code: 4,
    process: true,
    message: /the committed config\.pbtxt answers request 1 of \S+rows\.json with other values than expected/,
    hint: /validation_data/,
  },
  {
    name: 'settings that Triton refuses, all of them',
    args: onePlan({ variants: [variants.refused] }),
    code: 3,
    message: /the server takes none of the variants/,
    hint: /refused: .*nope[\s\S]*change the settings/,
  },
];

describe('tritune sweep refuses before it starts a server', requires('triton'), () => {
  for (const each of beforeStart) {
    it(each.name, async () => {
      using place = new Workplace();
      const stderr = await refused(place, each);
      assert.doesNotMatch(stderr, /starting the server/);
    });
  }
});

describe('tritune sweep ends with the reason, and leaves nothing, for', requires('triton'), () => {
  for (const each of atStart) {
    it(each.name, async () => {
      using place = new Workplace();
      await refused(place, each);
    });
  }

  describe('a port that is in use', () => {
    const holder = createServer();
    before(() => new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve)));
    after(() => holder.close());

    it('which it names', async () => {
      const { port } = holder.address() as { port: number };
      using place = new Workplace();
      const message = new RegExp(`http port ${port} on 127\\.0\\.0\\.1 is already in use`);
      const args = onePlan({ engine: { kind: 'local', httpPort: port } });
      await refused(place, { name: '', args, code: 3, message, hint: /a free one is found/ });
    });
  });

  it('an --out folder of several that it made, but not for those that were there', async () => {
    using place = new Workplace();
    mkdirSync(join(place.folder, 'mine'));
    const { code } = await place.runHere('sweep', place.plan({ variants: [variants.refused] }), '--out', 'mine/a/b');
    assert.equal(code, 3);
    assert.deepEqual(readdirSync(join(place.folder, 'mine')), []);
  });
});

async function refused(place: Workplace, { args, code, message, hint, process }: Case): Promise<string> {
  const words = ['sweep', ...args(place)];
  const ended = await (process === true ? place.run(...words) : place.runHere(...words));
  assertMessage(ended.stderr, message, hint);
  assert.deepEqual([ended.code, ended.stdout], [code, '']);
  if (existsSync(place.reports) && code !== 2) assert.deepEqual(readdirSync(place.reports), []);
  return ended.stderr;
}
