import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { KServeClient, type ServedConfig } from '../../kserve/client.ts';
import { refuseEnsembles } from './ensembles.ts';

const server = 'h:8000';
const ensemble = {
  platform: 'ensemble',
  ensemble_scheduling: { step: [{ model_name: 'part' }, { model_name: 'other' }] },
};

/** A server by its answers: the configuration of each model that it has ready. */
function refused(model: string, configs: Readonly<Record<string, ServedConfig>>): Promise<void> {
  const send = async (url: string): Promise<Response> => {
    const name = /models\/(\w+)\/config$/.exec(url)?.[1] ?? '';
    return configs[name] === undefined
      ? Response.json({ error: 'gone' }, { status: 400 })
      : Response.json(configs[name]);
  };
  const index = Object.keys(configs).map((name) => ({ name, version: '1', state: 'READY', reason: '' }));
  const gone = { name: 'gone', version: '1', state: 'READY', reason: '' };
  return refuseEnsembles(new KServeClient('http://h:8000', undefined, { send }), {
    model,
    server,
    index: [...index, gone],
  });
}

describe('a model that other models depend on', () => {
  it('is refused where an ensemble consists of it, and so is an ensemble', async () => {
    for (const [model, message, hint] of [
      ['part', 'whole on h:8000 is an ensemble that part is a part of', /unload whole there first/],
      ['whole', 'whole on h:8000 is an ensemble, whose load loads part, other too', /never touched/],
    ] as const) {
      await assert.rejects(refused(model, { whole: ensemble, part: {} }), (error) => {
        assert(error instanceof Failure);
        assert.equal(error.message, message);
        assert.match(error.hint ?? '', hint);
        return true;
      });
    }
  });

  it('is not one that stands beside an ensemble, or beside configurations that are none', async () => {
    await refused('alone', {
      whole: ensemble,
      alone: {},
      odd: { ensemble_scheduling: { step: 'x' } },
      none: { ensemble_scheduling: null },
    });
  });
});
