/** Whether what takes its time runs too: `npm run test:long`. */
export const isLong = process.env.TRITUNE_LONG === '1';

/** For tests that only then run. */
export const onlyLong = isLong ? {} : { skip: 'TRITUNE_LONG=1 runs it' };
