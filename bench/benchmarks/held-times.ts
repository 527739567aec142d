import { readFileSync } from 'node:fs';
import type { Sample } from './recording-carrier.ts';

/** What the server wrote of one answer; instants in ns of its own clock. */
export type HeldAnswer = {
  readonly id: number;
  readonly heldNs: number;
  readonly lateNs: number;
  /** Since the first answer in the log. */
  readonly answeredAtNs: number;
};

/** Our latency less the time that the server held the answer: all that is not the server's doing. */
export type Difference = { readonly latencyNs: number; readonly heldNs: number; readonly addedNs: number };

/** Reads the log of the delay server. @throws Error for lines that it does not write. */
export function readHeldAnswers(file: string): HeldAnswer[] {
  let firstNs: bigint | undefined;
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('stall '))
    .map((line) => {
      const [id, readNs, dueNs, answeredNs] = line.split(' ');
      if (id === undefined || readNs === undefined || dueNs === undefined || answeredNs === undefined) {
        throw new Error(`the server's log has a line ${JSON.stringify(line)}`);
      }
      // The instants are larger than a float holds exactly, their differences are not.
      const end = BigInt(answeredNs);
      firstNs ??= end;
      return {
        id: Number(id),
        heldNs: Number(end - BigInt(readNs)),
        lateNs: Number(end - BigInt(dueNs)),
        answeredAtNs: Number(end - firstNs),
      };
    });
}

/** Pairs both sides by the number that each request carries. @throws Error where one number was sent twice. */
export function pairUp(samples: readonly Sample[], held: readonly HeldAnswer[]): Difference[] {
  const byId = new Map(held.map((answer) => [answer.id, answer]));
  if (byId.size !== held.length) throw new Error('more requests were sent than there are numbers: shorten the run');
  return samples.flatMap(({ id, sentNs, answeredNs }) => {
    const answer = byId.get(id);
    if (answer === undefined) throw new Error(`the server knows nothing of request ${id}`);
    const latencyNs = answeredNs - sentNs;
    return [{ latencyNs, heldNs: answer.heldNs, addedNs: latencyNs - answer.heldNs }];
  });
}

/** The two samples that a percentile may fall on, which are one where their number divides evenly; NaN of none. */
export function percentileBounds(values: readonly number[], percent: number): readonly [low: number, high: number] {
  const sorted = [...values].sort((a, b) => a - b);
  // In whole thousandths of a per cent: 0.999 x 2000 is more than 1998 in floating point.
  const rank = (Math.round(percent * 1_000) * sorted.length) / 100_000;
  const at = (place: number): number => sorted[Math.max(0, place - 1)] ?? Number.NaN;
  return [at(Math.floor(rank)), at(Math.ceil(rank))];
}

/** The smallest sample that so many per cent of all do not exceed; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  return percentileBounds(values, percent)[1];
}
