import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { farFromFloor, floorAbout, floorPlace, keepNoiseFloor, noiseFloorOf, readNoiseFloor } from './noise-floor.ts';
import { syntheticRun } from './run.fixture.ts';
import { summarise } from './summarise.ts';

const engine = { kind: 'local', version: '2.51.0', backend: "Triton's own backends" };
const environment = { host: { name: 'h', cpu: 'c', cores: 2 } };
const equal = {
  arms: ['baseline', 'same-1', 'same-2', 'same-3'].map((id) => ({ id, ratio: 1 })),
  blocks: 40,
  slicesPerBlock: 4,
  sd: 0.06,
};

function folder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'tritune-noise-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function floorIn(path: string) {
  const { record, lines } = syntheticRun(equal);
  const place = floorPlace(path, environment, engine);
  const floor = noiseFloorOf(summarise(record, lines), place);
  assert(floor !== null);
  return { place, floor };
}

describe('the noise floor', () => {
  it('is what equal variants differ by, and what the blocks differ by', () => {
    using place = folder();
    const { floor } = floorIn(place.path);
    // Slices vary by 6 %, so a block of four by 3 %; the fixture moves the level of a block by 10 %.
    assert(Math.abs(floor.residualSd - 0.03) < 0.006, String(floor.residualSd));
    assert(Math.abs(floor.blockSd - 0.1) < 0.03, String(floor.blockSd));
    assert.deepEqual([floor.slicesPerBlock, floor.blocks, floor.host], [4, 40, 'h, c, 2 cores']);
  });

  it('is kept by host and engine, and read back as it was', () => {
    using place = folder();
    const kept = floorIn(place.path);
    keepNoiseFloor(kept.place, kept.floor);
    assert.deepEqual(readNoiseFloor(kept.place), kept.floor);
    assert.equal(readNoiseFloor(floorPlace(place.path, environment, { ...engine, version: '2.52.0' })), null);
    assert.equal(readNoiseFloor(floorPlace(place.path, { host: { name: 'other' } }, engine)), null);
    assert.equal(readdirSync(place.path).length, 1);
  });

  it('tells nothing of another objective, and what it always told where it does not say its own', () => {
    using place = folder();
    const { floor } = floorIn(place.path);
    assert.equal(floor.objective, 'maximize throughput');
    const throughput = { kind: 'single', direction: 'maximize', metric: 'throughput' } as const;
    const p99 = { kind: 'single', direction: 'minimize', metric: 'latency.p99' } as const;
    const capacity = { kind: 'capacity', limits: [{ metric: 'latency.p99', atMostNs: 5e6 }], levels: [1, 2] } as const;
    assert.deepEqual([floorAbout(throughput, floor), floorAbout(capacity, floor)], [floor, floor]);
    assert.equal(floorAbout(p99, floor), null);
    const old = { ...floor, objective: null };
    assert.deepEqual([floorAbout(p99, old), floorAbout(p99, null)], [old, null]);
  });

  it('is none where its file is damaged', () => {
    using place = folder();
    const kept = floorIn(place.path);
    const file = keepNoiseFloor(kept.place, kept.floor);
    for (const text of ['', '{', '[]', JSON.stringify({ ...kept.floor, residualSd: 'x' })]) {
      writeFileSync(file, text);
      assert.equal(readNoiseFloor(kept.place), null);
    }
  });

  it('that cannot be written is an error that says where it should have been', () => {
    using place = folder();
    const blocked = join(place.path, 'file');
    writeFileSync(blocked, '');
    const { floor } = floorIn(place.path);
    assert.throws(
      () => keepNoiseFloor(floorPlace(join(blocked, 'state'), environment, engine), floor),
      (error) => error instanceof Failure && error.exitCode === 6 && /XDG_STATE_HOME/.test(error.hint ?? ''),
    );
  });

  it('is compared with a run of another number of slices as slices average', () => {
    using place = folder();
    const { floor } = floorIn(place.path);
    const oneSlice = floor.residualSd * 2;
    assert.equal(farFromFloor(floor, { residualSd: oneSlice, slicesPerBlock: 1 }), null);
    assert.match(farFromFloor(floor, { residualSd: oneSlice * 3, slicesPerBlock: 1 }) ?? '', /is 3\.0 times what/);
    assert.match(farFromFloor(floor, { residualSd: oneSlice / 4, slicesPerBlock: 1 }) ?? '', /is only 25 % of what/);
  });
});

describe('a run whose noise is far from its floor', () => {
  it('says so among its diagnostics', () => {
    using place = folder();
    const { floor } = floorIn(place.path);
    const { record, lines } = syntheticRun({ ...equal, blocks: 8, sd: 0.4 });
    const { diagnostics } = summarise({ ...record, noiseFloor: floor }, lines);
    assert.equal(diagnostics.filter(({ kind }) => kind === 'noise floor').length, 1);
    const usual = summarise({ ...record, noiseFloor: null }, lines).diagnostics;
    assert.equal(usual.filter(({ kind }) => kind === 'noise floor').length, 0);
  });
});
