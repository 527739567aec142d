/** The bytes of a .npy file with that header text, padded as NumPy does; `version` 2 and 3 have a longer length. */
export function npyFile(header: string, data: Uint8Array, version: 1 | 2 | 3 = 1): Buffer {
  const lengthBytes = version === 1 ? 2 : 4;
  const unpadded = 8 + lengthBytes + Buffer.byteLength(header, version === 3 ? 'utf8' : 'latin1') + 1;
  const text = `${header}${' '.repeat((64 - (unpadded % 64)) % 64)}\n`;
  const encoded = Buffer.from(text, version === 3 ? 'utf8' : 'latin1');
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntLE(encoded.byteLength, 0, lengthBytes);
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.of(version, 0), length, encoded, data]);
}

/** The usual header. */
export function npyHeader(descr: string, shape: readonly number[], fortranOrder = false): string {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  return `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? 'True' : 'False'}, 'shape': ${tuple}, }`;
}
