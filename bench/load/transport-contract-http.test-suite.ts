import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import type { ScriptedAnswer } from '../testing/scripted-answers.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import type { Transport } from './transport.ts';
import type { Contract, Deed } from './transport-contract.test-suite.ts';
import { carry, failed, rightly, type Told } from './transport-contract-talk.test-suite.ts';

const deeds: Record<Deed, ScriptedAnswer> = {
  right: { kind: 'right' },
  'wrong-shape': { kind: 'wrong-shape' },
  'wrong-values': { kind: 'wrong-values' },
  'other-rounding': { kind: 'other-rounding' },
  'error-status': { kind: 'status', status: 503 },
  reset: { kind: 'reset' },
  'reset-midway': { kind: 'cut-off' },
  'right-then-closed': { kind: 'right-then-closed' },
  twice: { kind: 'twice' },
  silent: { kind: 'silent' },
};

export function httpContract(transport: Transport): Contract {
  return {
    transport,
    readsOn: true,
    statusKind: 'http-5xx',
    start: (names, width) =>
      startScriptedServer({ steps: names.map((name) => ({ answer: deeds[name] })), ...(width ? { width } : {}) }),
  };
}

/** What HTTP alone has. `continues`: an interim answer that nothing asked for is skipped, else it breaks the connection. */
export function testHttp(transport: Transport, { continues }: { continues: boolean }): void {
  const closing: Told = { kind: 'answered', reusable: false, verified: true };
  const outcomes: [ScriptedAnswer, Told][] = [
    [{ kind: 'chunked' }, rightly],
    [{ kind: 'until-close' }, closing],
    [{ kind: 'connection-close' }, closing],
    [{ kind: 'continue' }, continues ? rightly : failed('malformed', false)],
    [{ kind: 'status', status: 400 }, failed('http-4xx', true)],
    [{ kind: 'status', status: 404 }, failed('http-4xx', true)],
    [{ kind: 'status', status: 500 }, failed('http-5xx', true)],
    [{ kind: 'status', status: 302 }, failed('malformed', true)],
    [{ kind: 'garbage' }, failed('malformed', false)],
    [{ kind: 'cut-off' }, failed('reset', false)],
  ];
  describe(`the transport ${transport.name} of HTTP`, () => {
    for (const [answer, told] of outcomes) {
      it(`tells ${JSON.stringify(told)} of ${JSON.stringify(answer)}`, async () => {
        await using server = await startScriptedServer({ steps: [{}, { answer }, {}] });
        using carried = carry(transport, server.address);
        using talk = await carried.open();
        assert.deepEqual(await talk.ask(carried.question()), rightly);
        assert.deepEqual(await talk.ask(carried.question()), told);
        if ('reusable' in told && told.reusable) assert.deepEqual(await talk.ask(carried.question()), rightly);
      });
    }

    it('puts an answer together wherever it is cut', async () => {
      const answerBytes = 420;
      const steps = Array.from({ length: answerBytes }, (_, at) => ({
        answer: { kind: 'split', at: [at + 1], pauseMs: 0.5 } as const,
      }));
      await using server = await startScriptedServer({ steps });
      using carried = carry(transport, server.address);
      using talk = await carried.open();
      for (const _ of steps) assert.deepEqual(await talk.ask(carried.question()), rightly);
    });

    it('shares no connection', () => {
      assert.throws(
        () => carry(transport, { host: '127.0.0.1', port: 1 }, { shared: true }),
        (error) => error instanceof Failure && error.exitCode === 2 && /one request at a time/.test(error.message),
      );
    });
  });
}
