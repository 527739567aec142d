import type { Expected } from '../answers.ts';
import type { PreparedRequest } from '../rotation.ts';

/** Requests as threads can share them: all bytes in one piece of shared memory, and where each lies in it. */
export type SharedRequests = {
  readonly memory: SharedArrayBuffer;
  readonly layout: readonly RequestLayout[];
};

type Span = { readonly offset: number; readonly byteLength: number };
/** All of an expected tensor but its bytes. */
type TensorLayout = Omit<Expected, 'data'> & Span;
type RequestLayout = Span & { readonly jsonBytes: number; readonly expected: readonly TensorLayout[] | null };

/** Copies the requests once, however many threads will send them. */
export function shareRequests(requests: readonly PreparedRequest[]): SharedRequests {
  const pieces: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  let usedBytes = 0;
  const place = (bytes: Uint8Array): Span => {
    const offset = usedBytes;
    pieces.push({ offset, bytes });
    usedBytes += bytes.byteLength;
    return { offset, byteLength: bytes.byteLength };
  };
  const layout = requests.map(({ bytes, jsonBytes, expected }) => ({
    ...place(bytes),
    jsonBytes,
    expected: expected?.map(({ data, ...form }) => ({ ...form, ...place(data) })) ?? null,
  }));
  const memory = new SharedArrayBuffer(usedBytes);
  const all = new Uint8Array(memory);
  for (const { offset, bytes } of pieces) all.set(bytes, offset);
  return { memory, layout };
}

/** The requests again, their bytes still those of the shared memory. */
export function sharedRequests({ memory, layout }: SharedRequests): PreparedRequest[] {
  const read = ({ offset, byteLength }: Span): Buffer => Buffer.from(memory, offset, byteLength);
  return layout.map(({ jsonBytes, expected, ...span }) => ({
    bytes: read(span),
    jsonBytes,
    expected:
      expected?.map(({ offset, byteLength, ...form }) => ({ ...form, data: read({ offset, byteLength }) })) ?? null,
  }));
}
