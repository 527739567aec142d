const word = new DataView(new ArrayBuffer(4));

/** Writes the bfloat16 (the upper half of a 32-bit float) nearest to `value`, ties to even, little-endian; any NaN becomes 0x7fc0. */
export function writeBfloat16(view: DataView, offset: number, value: number): void {
  view.setUint16(offset, Number.isNaN(value) ? 0x7fc0 : roundToUpperHalf(roundToOdd(value)), true);
}

/** Reads a little-endian bfloat16. */
export function readBfloat16(view: DataView, offset: number): number {
  word.setUint32(0, view.getUint16(offset, true) * 0x10000);
  return word.getFloat32(0);
}

/**
 * The bits of `value` as a 32-bit float cut off towards zero, the last one set where anything was cut: rounding the nearest
 * 32-bit float once more would take some values just beside the middle of two bfloat16 for the middle.
 */
function roundToOdd(value: number): number {
  word.setFloat32(0, value);
  const nearest = word.getFloat32(0);
  const bits = word.getUint32(0);
  if (nearest === value) return bits;
  return (Math.abs(nearest) > Math.abs(value) ? bits - 1 : bits) | 1;
}

function roundToUpperHalf(bits: number): number {
  const unsigned = bits >>> 0;
  const lastKept = (unsigned >>> 16) & 1;
  return (unsigned + 0x7fff + lastKept) >>> 16;
}
