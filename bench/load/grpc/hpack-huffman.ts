import { Malformed } from './malformed.ts';

/**
 * Decodes a string in the Huffman code of RFC 7541, appendix B. @throws Malformed for the end-of-string symbol, and for
 * padding that is longer than 7 bits or not all ones.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let code = 0;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = (code << 1) | ((byte >> bit) & 1);
      length += 1;
      if (length > longestBits) throw new Malformed('a Huffman code is none');
      const first = firstCodes[length] ?? 0;
      const symbol = symbolsByLength[length]?.[code - first];
      if (symbol === undefined) continue;
      if (symbol === endOfString) throw new Malformed('a string holds its own end');
      text += String.fromCharCode(symbol);
      code = 0;
      length = 0;
    }
  }
  if (length > 7 || code !== (1 << length) - 1) throw new Malformed('the padding of a string is wrong');
  return text;
}

const endOfString = 256;
const longestBits = 30;

/** The code is canonical, so the lengths of its symbols say it all; 32 to a line. */
const symbolBits = [
  '13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28',
  '6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10',
  '13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6',
  '15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28',
  '20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24',
  '22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23',
  '26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27',
  '20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26',
  '30',
].flatMap((line) => line.split(' ').map(Number));

const symbolsByLength: readonly (readonly number[])[] = Array.from({ length: longestBits + 1 }, (_, length) =>
  symbolBits.flatMap((bits, symbol) => (bits === length ? [symbol] : [])),
);

/** The first code of each length: one more than the last of the length before, with zeros behind. */
const firstCodes: readonly number[] = symbolsByLength.reduce<number[]>((firsts, _, length) => {
  const before = length - 1;
  firsts.push(length === 0 ? 0 : ((firsts[before] ?? 0) + (symbolsByLength[before]?.length ?? 0)) << 1);
  return firsts;
}, []);
