/** The frames of HTTP/2 (RFC 9113, 6): 9 bytes of length, type, flags and stream, then the payload. */
export const frameHeadBytes = 9;

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const frameFlags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const errorCodes = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
} as const;

export const settingIds = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** What a window may grow to, and the highest number of a stream. */
export const largest31Bits = 2 ** 31 - 1;
/** The window of a connection, and of its streams until settings change it. */
export const initialWindowBytes = 65_535;
/** The longest payload until settings allow more. */
export const initialFrameBytes = 16_384;

export type FrameHead = {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
};

/** Writes a frame's head and returns where its payload begins. */
export function writeFrameHead(buffer: Buffer, at: number, { length, type, flags, streamId }: FrameHead): number {
  buffer[at] = length >>> 16;
  buffer[at + 1] = length >>> 8;
  buffer[at + 2] = length;
  buffer[at + 3] = type;
  buffer[at + 4] = flags;
  writeStreamId(buffer, at + 5, streamId);
  return at + frameHeadBytes;
}

/** Also writes any other 32 bits. */
export function writeStreamId(buffer: Buffer, at: number, streamId: number): void {
  buffer[at] = streamId >>> 24;
  buffer[at + 1] = streamId >>> 16;
  buffer[at + 2] = streamId >>> 8;
  buffer[at + 3] = streamId;
}

/** The lower 31 bits of a big-endian word. */
export function readStreamId(buffer: Buffer, at: number): number {
  return (
    (((buffer[at] ?? 0) & 0x7f) << 24) |
    ((buffer[at + 1] ?? 0) << 16) |
    ((buffer[at + 2] ?? 0) << 8) |
    (buffer[at + 3] ?? 0)
  );
}

/** A whole frame. */
export function frameOf(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const frame = Buffer.allocUnsafe(frameHeadBytes + payload.byteLength);
  const start = writeFrameHead(frame, 0, { length: payload.byteLength, type, flags, streamId });
  frame.set(payload, start);
  return frame;
}

/** 32 bits, big-endian, one word after the other. */
export function words(...values: number[]): Buffer {
  const payload = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, index) => {
    payload.writeUInt32BE(value, index * 4);
  });
  return payload;
}
