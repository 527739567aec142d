import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { thisHolder } from '../engines/remote/holder.ts';
import { type RestoreRecord, restoreFile, writeRecord } from '../engines/remote/restore-record.ts';
import { irisModel } from '../engines/staged-repository.ts';
import { remoteChoice } from './remote-far-side.test-suite.ts';
import { RemotePlace } from './remote-place.test-suite.ts';
import { assertMessage } from './workplace.fixture.ts';

describe('tritune restore', () => {
  let place: RemotePlace;
  before(async () => {
    place = await RemotePlace.begin();
  });
  after(() => place[Symbol.asyncDispose]());

  /** As a run leaves it that was killed: the model with another configuration, and a record. */
  async function leave(changes: Partial<RestoreRecord> = {}): Promise<RestoreRecord> {
    const { control } = place.far;
    await control.reload(irisModel);
    const config = await control.config(irisModel);
    await control.reload(irisModel, { ...config, max_batch_size: 16, dynamic_batching: {} });
    const record: RestoreRecord = {
      schemaVersion: 1,
      id: '00112233445566ff',
      server: place.http,
      remote: remoteChoice({ http: place.http }),
      holder: { ...thisHolder(), pid: 2 ** 22 - 1, startTicks: '1' },
      runFolder: null,
      models: [{ name: irisModel, loaded: true, config, versions: ['1'], way: 'file' }],
      ...changes,
    };
    writeRecord(restoreFile(join(place.folder, 'state', 'tritune'), record.server), record);
    return record;
  }

  it('puts back all that is noted, once, and tells so as text and as JSON', async () => {
    await leave();
    const changed = await place.served();
    const list = await place.run(['restore', '--list', '--json']);
    assert.deepEqual([list.code, await place.served()], [0, changed]);
    const { records } = JSON.parse(list.stdout);
    assert.deepEqual(
      records.map(({ server, models, status }: Record<string, unknown>) => [server, models, status]),
      [[place.http, [irisModel], 'to be restored']],
    );
    const { code, stdout } = await place.run(['restore']);
    assert.deepEqual([code, stdout], [0, `restored: ${place.http}, ${irisModel}\n`]);
    assert.match(await place.served(), /"max_batch_size":64/);
    const again = await place.run(['restore', '--json']);
    assert.deepEqual([again.code, JSON.parse(again.stdout)], [0, { records: [] }]);
    assert.equal((await place.run(['restore'])).stdout, 'nothing is to be restored\n');
  });

  it('forgets what is as it should be', async () => {
    await leave();
    const changed = await place.served();
    const { code, stdout } = await place.run(['restore', '--keep']);
    assert.deepEqual([code, stdout], [0, `kept: ${place.http}, ${irisModel}\n`]);
    assert.deepEqual([await place.served(), place.records()], [changed, []]);
  });

  it('leaves alone what a process uses, and a host that cannot be seen unless it is said to be gone', async () => {
    await leave({ holder: thisHolder() });
    const changed = await place.served();
    const used = await place.run(['restore']);
    assert.match(used.stdout, new RegExp(`^in use: ${place.http}, ${irisModel}: process ${process.pid} on `));
    await leave({ holder: { ...thisHolder(), host: 'a-container' } });
    assert.match((await place.run(['restore'])).stdout, /^in use: .*on a-container since/);
    assert.equal(await place.served(), changed);
    const { code, stdout } = await place.run(['restore', '--gone']);
    assert.deepEqual([code, stdout], [0, `restored: ${place.http}, ${irisModel}\n`]);
  });

  it('says which variable is missing, and what the server says, and keeps the record', async () => {
    const headers = [{ name: 'Authorization', source: { env: 'TRITON_TOKEN' } }];
    await leave({ remote: remoteChoice({ http: place.http, headers }) });
    const missing = await place.run(['restore']);
    assert.equal(missing.code, 3);
    assert.match(
      missing.stdout,
      /^failed: \S+ sklearn-onnx: the variable TRITON_TOKEN, .* is not set\n {2}set it for this command/,
    );
    assert.equal(place.records().length, 1);
    assert.equal((await place.run(['restore'], { TRITON_TOKEN: 'x' })).code, 0);
    const record = await leave();
    // What a server says that was loaded with three instances, in place of the one of its file.
    const three = (text: string): string => text.replace('"kind":"KIND_CPU","count":1', '"kind":"KIND_CPU","count":3');
    const models = JSON.parse(three(JSON.stringify(record.models)));
    await leave({ models });
    const other = await place.run(['restore']);
    assert.equal(other.code, 3);
    assert.match(
      other.stdout,
      /is left changed: sklearn-onnx is not what it was: instance_group\[0\]\.count was 3 and is 1/,
    );
    assert.equal((await place.run(['restore', '--override'])).code, 0);
    assert.match(await place.served(), /"kind":"KIND_CPU","count":3/);
  });

  it('tells a record that is damaged, with exit code 6, and a folder that is none', async () => {
    const { server } = await leave();
    const file = restoreFile(join(place.folder, 'state', 'tritune'), server);
    writeFileSync(file, '{');
    const { code, stdout, stderr } = await place.run(['restore']);
    assert.deepEqual([code, stdout], [6, 'nothing is to be restored\n']);
    assertMessage(
      stderr,
      /no record of what must be restored/,
      /look at the server that it names, then remove the file/,
    );
    rmSync(file);
    const none = await place.run(['restore', 'no/such/run']);
    assert.equal(none.code, 2);
    assertMessage(none.stderr, /there is no run folder no\/such\/run/);
  });

  it('reaches nothing that a hostile record says beyond the server that it names', async () => {
    await leave({ models: [{ name: '../../etc', loaded: true, config: {}, versions: [], way: 'file' }] });
    const { code, stdout } = await place.run(['restore']);
    assert.equal(code, 3);
    assert.match(stdout, /^failed: /);
    assert.equal((await place.run(['restore', '--keep'])).code, 0);
  });
});

describe('tritune doctor on a remote server', () => {
  it('says who answers there, and what a run left, and changes nothing', async () => {
    await using place = await RemotePlace.begin();
    const before = await place.served();
    const plan = place.plan();
    const engineOf = async () => {
      const { stdout } = await place.run(['doctor', plan, '--json']);
      return JSON.parse(stdout).checks.find(({ what }: { what: string }) => what === 'engine');
    };
    assert.deepEqual(await engineOf(), {
      what: 'engine',
      status: 'ok',
      finding: `remote: Triton ${place.far.identity.version}, embedded onnxruntime (Node) at ${place.http}`,
      advice: null,
    });
    const record = {
      schemaVersion: 1,
      id: '00112233445566ff',
      server: place.http,
      remote: remoteChoice({ http: place.http }),
      runFolder: null,
      models: [{ name: irisModel, loaded: true, config: {}, versions: ['1'], way: 'file' }],
    } as const;
    const file = restoreFile(join(place.folder, 'state', 'tritune'), place.http);
    writeRecord(file, { ...record, holder: { ...thisHolder(), pid: 2 ** 22 - 1, startTicks: '1' } });
    const left = await engineOf();
    assert.deepEqual([left.status, /left sklearn-onnx changed$/.test(left.finding)], ['warning', true]);
    writeRecord(file, { ...record, holder: thisHolder() });
    assert.match((await engineOf()).finding, /in use by process/);
    await place.far.stop();
    assert.equal((await engineOf()).status, 'error');
    assert.match(before, /^200 /);
  });
});
