/** P(Z > z) of the standard normal: a series near the middle, Laplace's continued fraction in the tail. */
export function normalUpperTail(z: number): number {
  if (z < 0) return 1 - normalUpperTail(-z);
  return z < 3 ? 0.5 - centralArea(z) : density(z) / tailFraction(z);
}

/** P(Z <= z) of the standard normal. */
export function normalCdf(z: number): number {
  return normalUpperTail(-z);
}

/**
 * The p quantile of the standard normal, 0 < p < 1: a rational start (Hastings, error below 5e-4) and two Halley steps.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a probability lies between 0 and 1, not ${p}`);
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  const start = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return -halleyStep(halleyStep(start, p), p);
}

function halleyStep(z: number, tail: number): number {
  const newton = (normalUpperTail(z) - tail) / density(z);
  return z + newton / (1 - (z * newton) / 2);
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** P(0 < Z < z) = density(z) * (z + z^3/3 + z^5/(3*5) + ...). */
function centralArea(z: number): number {
  let term = z;
  let sum = z;
  for (let k = 3; term > 1e-17 * sum; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return density(z) * sum;
}

/** z + 1/(z + 2/(z + 3/(z + ...))), evaluated from far enough below that z >= 3 has full precision. */
function tailFraction(z: number): number {
  let fraction = z;
  for (let k = 120; k >= 1; k--) fraction = z + k / fraction;
  return fraction;
}
