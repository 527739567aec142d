import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readRunRecord } from '../run/record.ts';
import { measuring, readLines, Workplace } from './workplace.fixture.ts';

test('eight requests outstanding are claimed over one, on a model that is loaded once a block', () =>
  measuring(async (place) => {
    place.slowed();
    const plan = place.plan({
      engine: 'embedded',
      load: { concurrency: 1, input: 'rows.csv' },
      blocks: 5,
      variants: [{ id: 'eight', load: { concurrency: 8 } }],
    });
    const { code, stdout, stderr } = await place.runHere('sweep', plan);
    assert.equal(code, 0, stderr);
    const { verdict, variants, config } = place.results();
    assert.deepEqual([verdict.kind, verdict.pick], ['WINNER', 'eight'], stdout);
    assert.deepEqual(
      variants.map(({ id, load, differsIn, loadMs }) => [id, load.concurrency, differsIn.join(), loadMs]),
      [
        ['baseline', 1, '', null],
        ['eight', 8, 'load', null],
      ],
    );
    assert.equal(config.pick, readFileSync(place.configFile, 'utf8'));
    assert.equal(readFileSync(join(place.runFolder(), 'rehearsal.config.pbtxt'), 'utf8'), config.baseline);
    assert.match(stdout.replaceAll(/\s+/g, ' '), /the same configuration, with 8 outstanding \(eight\), is ahead/);
    const slices = readLines(place.runFolder()).flatMap((line) => (line.kind === 'slice' ? [line.slice] : []));
    assert(slices.every(({ applied }) => applied === 'keep'));
    assert.deepEqual(
      new Set(
        slices.map(
          ({ variantId, load: { pacing } }) => `${variantId} ${'concurrency' in pacing && pacing.concurrency}`,
        ),
      ),
      new Set(['baseline 1', 'eight 8']),
    );
  }));

test('each batch size has requests and right answers of its own, and a variant that cannot be sent its load is refused', async () => {
  using place = new Workplace().slowed();
  // Smaller than what variants ask for: then the baseline answers large batches in parts.
  place.editConfig('max_batch_size: 64', 'max_batch_size: 4');
  const plan = place.plan({
    engine: 'embedded',
    blocks: 1,
    variants: [
      { id: 'too-many', load: { batchSize: 5 } },
      { id: 'wide', settings: { max_batch_size: 16 }, load: { batchSize: 10 } },
      { id: 'rows', load: { batchSize: 3 } },
      { id: 'grpc', load: { protocol: 'grpc', batchSize: 3 } },
      { id: 'again', load: { protocol: 'http', batchSize: 3 } },
    ],
  });
  const { code, stderr } = await place.runHere('sweep', plan);
  // On a busy host the data may not be trusted (4); what was sent was right all the same.
  assert([0, 4].includes(code ?? -1), stderr);
  const { variants } = place.results();
  const reasonOf = (id: string) => variants.find((variant) => variant.id === id)?.reason;
  assert.equal(reasonOf('too-many'), 'it takes batches of at most 4 (max_batch_size), not of 5');
  assert.equal(reasonOf('again'), 'it is the same configuration and load as rows');
  const { looks } = readRunRecord(place.runFolder());
  assert.deepEqual(
    looks.map(({ variantId, outcome }) => `${variantId} ${outcome}`),
    ['baseline accepted', 'too-many refused', 'wide accepted', 'rows accepted', 'grpc accepted'],
  );
  for (const line of readLines(place.runFolder())) {
    if (line.kind !== 'slice' || line.status !== 'measured') continue;
    const { requestsPerSecond, inferencesPerSecond, checkedCount, errors } = line.measurement;
    assert.deepEqual(errors, {});
    assert(checkedCount > 0);
    assert(Math.abs(inferencesPerSecond / requestsPerSecond / line.slice.load.batchSize - 1) < 1e-9);
  }
});
