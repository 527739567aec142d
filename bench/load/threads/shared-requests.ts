import type { Datatype } from '../../kserve/tensors.ts';
import type { PreparedRequest } from '../rotation.ts';

/** Requests as threads can share them: all bytes in one piece of shared memory, and where each lies in it. */
export type SharedRequests = {
  readonly memory: SharedArrayBuffer;
  readonly layout: readonly RequestLayout[];
};

type Span = { readonly offset: number; readonly byteLength: number };
type TensorLayout = { readonly name: string; readonly datatype: Datatype; readonly shape: readonly number[] } & Span;
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
    expected: expected?.map(({ name, datatype, shape, data }) => ({ name, datatype, shape, ...place(data) })) ?? null,
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
      expected?.map(({ name, datatype, shape, ...place }) => ({ name, datatype, shape, data: read(place) })) ?? null,
  }));
}
