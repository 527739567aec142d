/** What is wrong with text data, in Triton's words. `isUnnamed`: Triton does not name the request in front of it. */
export type TextFault = { readonly message: string; readonly isUnnamed: boolean };

/** What Triton finds wrong with BYTES data that should hold `count` strings; undefined where nothing is. */
export function textFault(data: Uint8Array, count: number, input: string, model: string): TextFault | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let offset = 0;
  let found = 0;
  while (offset < data.byteLength) {
    const left = data.byteLength - offset;
    if (found === count) {
      if (left < 4) return incompleteLength(left, input, model);
      return named(
        `unexpected number of string elements ${found + 1} for inference input ${input} for model ${model}, expecting ${count}`,
      );
    }
    if (left < 4) return incompleteLength(left, input, model);
    const length = view.getUint32(offset, true);
    if (length > left - 4) {
      const message = `incomplete string data for inference input ${input}, expecting string of length ${length} but only ${left - 4} bytes available`;
      return { message, isUnnamed: true };
    }
    offset += 4 + length;
    found += 1;
  }
  if (found === count) return undefined;
  return named(`expected ${count} string elements for inference input ${input} for model ${model}, got ${found}`);
}

function incompleteLength(left: number, input: string, model: string): TextFault {
  return named(
    `incomplete string length indicator for inference input ${input} for model ${model}, expecting 4 bytes but only ${left} ` +
      'bytes available. Please make sure the string length indicator is in one buffer.',
  );
}

function named(message: string): TextFault {
  return { message, isUnnamed: false };
}
