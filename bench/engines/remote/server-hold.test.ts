import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import type { RemoteChoice } from '../../plan/plan.ts';
import { isHeld, thisHolder } from './holder.ts';
import {
  listRecords,
  type ModelBefore,
  type RestoreRecord,
  readRecord,
  restoreFile,
  writeRecord,
} from './restore-record.ts';
import { ServerHold } from './server-hold.ts';

const server = '127.0.0.1:8000';
const remote: RemoteChoice = {
  http: server,
  grpc: null,
  tls: { ca: null, certificate: null, key: null, serverName: null },
  headers: [{ name: 'Authorization', source: { env: 'TOKEN' } }],
  restartCommand: null,
};
const model: ModelBefore = {
  name: 'm',
  loaded: true,
  config: { name: 'm', max_batch_size: 8 },
  versions: ['1'],
  way: 'file',
};
/** Of a process that was there and is gone. */
const gone = { ...thisHolder(), pid: spawnSync('true').pid };

describe('a remote server that is held', () => {
  it('is noted in the state folder at once, and in the run folder once something is changed; both go with the last change undone', () => {
    using place = new Place();
    const hold = place.hold();
    assert.deepEqual([place.record()?.models, place.inRun], [[], []]);
    assert.equal(statSync(place.file).mode & 0o077, 0);
    hold.note([model]);
    assert.deepEqual(place.record()?.models, [model]);
    assert.deepEqual(JSON.parse(readFileSync(join(place.run, 'restore.json'), 'utf8')), place.record());
    hold.release();
    // Left changed by a process that is still there: who comes next may put it back.
    assert.deepEqual(place.hold().left?.models, [model]);
    hold.note([]);
    hold.release();
    assert.deepEqual([place.record(), place.inRun], [undefined, []]);
  });

  it('is refused to another process, and to one of another host, which nobody can look for', () => {
    using place = new Place();
    for (const holder of [thisHolder(), { ...gone, host: 'elsewhere' }]) {
      place.write({ holder });
      assert.throws(place.hold, (error) => {
        assert(error instanceof Failure);
        assert.equal(error.exitCode, 2);
        assert.match(
          error.message,
          new RegExp(`^127\\.0\\.0\\.1:8000 is in use by process ${holder.pid} on ${holder.host} since 20`),
        );
        return true;
      });
    }
  });

  it('is taken over from a process that is gone, with what it left', () => {
    using place = new Place();
    place.write({ holder: gone, models: [] });
    assert.equal(place.hold().left, undefined);
    place.write({ holder: gone, models: [model] });
    const hold = place.hold();
    assert.deepEqual([hold.left?.holder.pid, hold.models], [gone.pid, [model]]);
    assert.deepEqual(place.record()?.models, [model]);
  });

  it('is taken over where another process has the number of one that is gone', () => {
    assert.equal(isHeld({ ...thisHolder(), startTicks: '1' }), process.platform !== 'linux');
    assert.equal(isHeld({ ...thisHolder(), endedAt: '2026-01-01T00:00:00Z' }), false);
    assert.equal(isHeld({ ...thisHolder(), startTicks: null, host: hostname() }), true);
  });

  it('is not taken by two at once; what a process left that was killed while it took it is passed over', () => {
    using place = new Place();
    mkdirSync(join(place.state, 'remote'));
    for (const taking of [`${process.pid}`, '']) {
      writeFileSync(`${place.file}.claim`, taking);
      assert.throws(place.hold, /another process is just taking the same server/);
    }
    const old = new Date(Date.now() - 11_000);
    utimesSync(`${place.file}.claim`, old, old);
    place.hold().release();
    writeFileSync(`${place.file}.claim`, `${gone.pid}`);
    writeFileSync(`${place.file}.${gone.pid}.part`, '{');
    place.hold();
    assert.deepEqual(readdirSync(join(place.state, 'remote')).length, 1);
  });
});

describe('a record of what must be restored', () => {
  it('that is damaged is told, never passed over', () => {
    using place = new Place();
    place.write({});
    const whole = readFileSync(place.file, 'utf8');
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      whole.replace('"schemaVersion": 1', '"schemaVersion": 2'),
      whole.slice(0, 100),
      '{"__proto__": 1}',
    ]) {
      writeFileSync(place.file, text);
      assert.throws(
        place.hold,
        (error) =>
          error instanceof Failure && error.exitCode === 6 && /no record of what must be restored/.test(error.message),
      );
      const [listed] = listRecords(place.state);
      assert(listed?.record instanceof Failure);
    }
  });

  it('that cannot be written keeps anything from being changed', () => {
    using place = new Place();
    writeFileSync(join(place.state, 'remote'), 'a file');
    assert.throws(place.hold, (error) => error instanceof Failure && error.exitCode === 6);
  });
});

class Place implements Disposable {
  readonly #folder = mkdtempDisposableSync(join(tmpdir(), 'tritune-hold-'));
  readonly state = join(this.#folder.path, 'state');
  readonly run = join(this.#folder.path, 'run');
  readonly file = restoreFile(this.state, server);
  readonly hold = (): ServerHold => new ServerHold({ stateFolder: this.state, runFolder: this.run, server, remote });

  constructor() {
    mkdirSync(this.state);
    mkdirSync(this.run);
  }

  get inRun(): string[] {
    return readdirSync(this.run);
  }

  record(): RestoreRecord | undefined {
    return readRecord(this.file);
  }

  write(changes: Partial<RestoreRecord>): void {
    const record = {
      schemaVersion: 1,
      id: '0123456789abcdef',
      server,
      remote,
      holder: gone,
      runFolder: null,
      models: [],
    } as const;
    writeRecord(this.file, { ...record, ...changes });
  }

  [Symbol.dispose](): void {
    this.#folder.remove();
  }
}
