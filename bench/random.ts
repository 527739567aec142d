/**
 * A stream of random numbers that is the same for a seed on every machine and in every version: stored orders can be
 * made again.
 */
export type Random = {
  /** Uniform in [0, 1), in steps of 2^-53. */
  next(): number;
  /** Uniform among 0 ... n - 1, without bias, for 1 <= n <= 2^32. */
  integer(n: number): number;
  /** 0 ... n - 1 in random order (Fisher and Yates). */
  permutation(n: number): number[];
};

/** xoshiro128** (Blackman and Vigna), its state filled by splitmix64 from `seed`, any safe integer. */
export function seededRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed is a whole number up to 2^53, not ${seed}`);
  const next32 = xoshiro128(seedWords(BigInt(seed)));
  const integer = (n: number): number => {
    if (!(Number.isInteger(n) && n >= 1 && n <= 2 ** 32)) throw new RangeError(`cannot draw one of ${n}`);
    const fair = 2 ** 32 - (2 ** 32 % n);
    let word = next32();
    while (word >= fair) word = next32();
    return word % n;
  };
  return {
    next: () => ((next32() >>> 5) * 2 ** 26 + (next32() >>> 6)) / 2 ** 53,
    integer,
    permutation: (n) => {
      const left = Array.from({ length: n }, (_, index) => index);
      return Array.from({ length: n }, () => {
        const [chosen = 0] = left.splice(integer(left.length), 1);
        return chosen;
      });
    },
  };
}

/** The generator itself, from four 32-bit words that are not all 0. */
export function xoshiro128(words: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = words;
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function seedWords(seed: bigint): [number, number, number, number] {
  const word64 = (step: bigint): bigint => {
    let z = BigInt.asUintN(64, seed + step * 0x9e3779b97f4a7c15n);
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
  const [first, second] = [word64(1n), word64(2n)];
  const low = (word: bigint): number => Number(BigInt.asUintN(32, word));
  return [low(first), low(first >> 32n), low(second), low(second >> 32n)];
}
