import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../random.ts';
import { isLong } from '../../testing/long.ts';
import { MalformedAnswer } from './answer-head.ts';
import { answers, pushInPieces } from './answer-samples.test-suite.ts';

describe('mutated answers', () => {
  const caseCount = isLong ? 100_000 : 3_000;
  it(`are read, incomplete or malformed, and nothing else (${caseCount} cases)`, () => {
    const random = seededRandom(20_261_123);
    const outcomes = { read: 0, incomplete: 0, malformed: 0 };
    for (let index = 0; index < caseCount; index += 1) {
      const { text } = answers[random.integer(answers.length)] ?? { text: '' };
      const bytes = mutate(Buffer.from(text, 'latin1'), random.integer);
      try {
        outcomes[pushInPieces(bytes, 1 + random.integer(40)) === undefined ? 'incomplete' : 'read'] += 1;
      } catch (error) {
        if (!(error instanceof MalformedAnswer))
          throw new Error(`case ${index}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause: error });
        outcomes.malformed += 1;
      }
    }
    assert(Math.min(outcomes.read, outcomes.incomplete, outcomes.malformed) > caseCount / 20, JSON.stringify(outcomes));
  });
});

const hostilePieces = [
  '\r\n',
  '\r\n\r\n',
  '0',
  'ffffffff',
  '-1',
  ':',
  'HTTP/1.1 100 x\r\n\r\n',
  'Content-Length: 9\r\n',
  '\0',
];

function mutate(bytes: Buffer, integer: (n: number) => number): Buffer {
  let mutated = bytes;
  for (let round = 1 + integer(3); round > 0; round -= 1) {
    const at = integer(mutated.byteLength + 1);
    const [before, after] = [mutated.subarray(0, at), mutated.subarray(at)];
    const piece = Buffer.from(hostilePieces[integer(hostilePieces.length)] ?? '', 'latin1');
    switch (integer(5)) {
      case 0:
        mutated = Buffer.concat([before, Buffer.of(integer(256)), after.subarray(1)]);
        break;
      case 1:
        mutated = Buffer.concat([before, after.subarray(1 + integer(8))]);
        break;
      case 2:
        mutated = Buffer.concat([before, piece, after]);
        break;
      case 3:
        mutated = before;
        break;
      default:
        mutated = Buffer.concat([before, mutated.subarray(integer(at + 1), at), after]);
    }
  }
  return mutated;
}
