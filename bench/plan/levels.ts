/** So many requests outstanding a level may have at the most, and so many levels a plan may list. */
export const levelMost = 4_096;
export const levelsMost = 100;

/** 1 to 256 in steps of an eighth to a quarter: between neighbours the throughput differs by less than they do. */
export const defaultLevels: readonly number[] = [
  1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256,
];
